// Calls listeners so that one that throws keeps neither the others nor the caller from going on; its error is reported.

export function callAll(listeners, ...values) {
  for (const listener of listeners) {
    try {
      listener(...values);
    } catch (error) {
      reportError(error);
    }
  }
}
