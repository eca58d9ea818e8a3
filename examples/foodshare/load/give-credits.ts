import { defineScenario, type ScenarioFunction } from 'loadline/load';

/** Gives somebody a credit, twice with the same key: it must be given once, and both receipts must be one. */
const giveCredits: ScenarioFunction = defineScenario(async (user) => {
  // A script says all of its requests itself: the file's headers and auth are not in them.
  const authorization = `Bearer ${user.data('person', 'token')}`;
  const ranked = await user.get('/api/rankings?limit=20', {
    name: 'whom to give',
    headers: { authorization },
  });
  const { items } = ranked.json<Rankings>();
  const own = user.data('person', 'user_id');
  const others = items.filter(({ user_id }) => user_id !== own);
  const to = others[Math.floor(user.random() * others.length)]?.user_id;
  if (!user.check('there is somebody', to !== undefined)) return;
  await user.think(50 + 100 * user.random());
  const gift = {
    name: 'give',
    headers: { authorization, 'idempotency-key': `${user.number}-${user.iteration}-${user.random()}` },
    json: { to_user_id: to, amount: 1 },
    expect: [201, 409],
  };
  const first = await user.post('/api/credits/transfer', gift);
  if (first.status !== 201) return;
  const { id } = first.json<Receipt>();
  const second = await user.post('/api/credits/transfer', { ...gift, name: 'give again' });
  user.check('it is the same gift', second.json<Receipt>().id === id);
});

// biome-ignore lint/style/noDefaultExport: a scenario file takes what its script exports by default.
export default giveCredits;

interface Rankings {
  readonly items: readonly { readonly user_id: string }[];
}

interface Receipt {
  readonly id: string;
}
