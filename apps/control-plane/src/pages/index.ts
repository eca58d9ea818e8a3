/** What people read in a browser: the description of the API as a page, and the way in for who has no session. */
export { renderApiPage } from './api-page.ts';
export { signInPage } from './sign-in.ts';
