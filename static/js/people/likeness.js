// Whose names may look alike: pure.

/**
 * The tags of people whose name another one has too, or one that may look like it. Only the server has the table of
 * letters that look alike, and refuses such names on choosing; for a sentence it is enough that names of as many letters,
 * one of them in another script, are told apart.
 */
export function ambiguousTags(people) {
  const shapes = people.map(({ name, tag }) => ({ ...shapeOf(name), tag }));
  const sameShape = tagsBy(shapes, ({ shape }) => shape);
  const sameLength = tagsBy(shapes, ({ shape, latin }) => `${latin} ${shape.length}`);
  const alike = ({ shape, latin, tag }) => {
    const others = sameLength.get(`${!latin} ${shape.length}`) ?? new Set();
    return sameShape.get(shape).size > 1 || others.size > Number(others.has(tag));
  };
  return new Set(shapes.filter(alike).map(({ tag }) => tag));
}

function tagsBy(shapes, key) {
  const tags = new Map();
  for (const one of shapes) tags.set(key(one), (tags.get(key(one)) ?? new Set()).add(one.tag));
  return tags;
}

function shapeOf(name) {
  const bare = name.normalize('NFKD').replace(/[\p{M}\p{Default_Ignorable_Code_Point}\s]/gu, '');
  const shape = bare.replace(/[iI1|]/g, 'l').replace(/0/g, 'o').toLowerCase().replace(/rn/g, 'm');
  return { shape, latin: !/(?!\p{Script=Latin})\p{L}/u.test(bare) };
}
