// Whether somebody who is listed is away: they hear nothing, and only a push reaches them.

export function isAway(id) {
  return document.querySelector(`#people-list .person-row[data-person="${id}"]`)?.hasAttribute('data-away') ?? false;
}
