/** Tells a control plane that this process is there. */
export { type Announcement, Announcer } from './announcer.ts';
export { controlPlaneAt } from './ask-control-plane.ts';
export { type AnnounceOptions, parseAnnounce } from './options.ts';
