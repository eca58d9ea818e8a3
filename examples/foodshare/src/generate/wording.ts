const foods = [
  'Sourdough bread',
  'Rye rolls',
  'Tomato soup',
  'Lentil stew',
  'Apple cake',
  'Plum jam',
  'Potato salad',
  'Vegetable lasagne',
  'Basmati rice',
  'Chickpea curry',
  'Carrots from the garden',
  'Spinach pie',
  'Oat milk',
  'Bananas',
  'Winter squash',
  'Pasta with pesto',
  'Cheese board',
  'Yoghurt cups',
  'Mixed lettuce',
  'Beetroot',
  'Birthday cake',
  'Croissants of today',
  'Onion tart',
  'Mushroom risotto',
  'Cherry tomatoes',
  'Hummus',
  'Ginger biscuits',
  'Quiche',
  'Pears',
  'Fresh herbs',
  'Minestrone',
  'Couscous salad',
] as const;
const portions = [
  'for one',
  'for two',
  'for four',
  'a full box',
  'two bags',
  'half a tray',
  'six pieces',
  'a big pot',
] as const;
const remarks = [
  'Made yesterday and kept cool, more than we can eat.',
  'Left over from a party; bring your own container, please.',
  'Closed packages, best before the end of this week.',
  'Vegetarian, contains gluten and milk.',
  'Vegan, no nuts, mildly spiced.',
  'From our bakery round, collected this morning.',
  'Our garden gave too much again this year.',
  'We leave for a trip and clear out the fridge.',
] as const;
const doors = [
  'Front door',
  'Side entrance',
  'Courtyard',
  'Community fridge',
  'Corner shop',
  'Ground floor',
  'Blue gate',
  'Bike stand',
] as const;
const streets = [
  'Mill Lane',
  'Station Road',
  'Church Street',
  'Garden Row',
  'Bridge Street',
  'Market Square',
  'School Lane',
  'River Walk',
  'Hill Street',
  'Park Avenue',
  'Linden Street',
  'Chestnut Way',
  'Harbour Street',
  'Oak Street',
  'Baker Street',
  'Castle Road',
] as const;
const adjectives = [
  'Quiet',
  'Brave',
  'Sunny',
  'Gentle',
  'Swift',
  'Merry',
  'Clever',
  'Kind',
  'Calm',
  'Lucky',
  'Bright',
  'Humble',
  'Jolly',
  'Noble',
  'Witty',
  'Warm',
] as const;
const animals = [
  'Otter',
  'Robin',
  'Badger',
  'Heron',
  'Hare',
  'Finch',
  'Beaver',
  'Lynx',
  'Swan',
  'Hedgehog',
  'Marten',
  'Owl',
  'Seal',
  'Stork',
  'Vole',
  'Wren',
] as const;

/** `Lentil stew, for two`, from any whole number. */
export function foodTitle(draw: number): string {
  return `${at(foods, draw)}, ${at(portions, draw >> 5)}`;
}

/** A sentence about the food. */
export function foodRemark(draw: number): string {
  return at(remarks, draw);
}

/** `Side entrance, Mill Lane 14, Bologna`. */
export function pickupPlace(draw: number, city: string): string {
  return `${at(doors, draw >> 3)}, ${at(streets, draw >> 6)} ${1 + ((draw >> 10) % 120)}, ${city}`;
}

/** `Brave Heron 4711`: nobody's name, and nobody else's pseudonym. */
export function pseudonym(user: number): string {
  return `${at(adjectives, user)} ${at(animals, user >> 4)} ${user}`;
}

/** `Bologna, Station Road 12`. */
export function groupName(group: number, city: string): string {
  return `${city}, ${at(streets, group)} ${1 + Math.floor(group / streets.length)}`;
}

function at(words: readonly string[], draw: number): string {
  return words[draw % words.length] as string;
}
