// What is made when it is first asked for. What knows a language is dear to make, and a page that comes needs little of it at once.

/** A function that makes something once, and returns it each time. */
export function lazy(make) {
  let made;
  return () => (made ??= make());
}
