// Whether an element is shown. checkVisibility() is younger than some browsers that NearTalk is for.

export function isVisible(element) {
  return element.checkVisibility?.() ?? element.getClientRects().length > 0;
}
