import { expect, it } from 'vitest';
import { Ground } from '../src/ground.ts';

it('gives no further folder once it is closed', async () => {
  const ground = await Ground.open({});
  await ground.close();
  await expect(ground.makeFolder('late')).rejects.toThrow('aborted');
  await expect(ground.fillFolder('late', async () => undefined)).rejects.toThrow('aborted');
});
