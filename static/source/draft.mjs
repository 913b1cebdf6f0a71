// Keeps what is typed in a draft: at the latest PAUSE_MS after a key, also while somebody types on and on.

const PAUSE_MS = 1500;

export function keepWhileTyping(form, state) {
  let timer;
  form.addEventListener("input", () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      state.dispatchEvent(new Event("keep")); // htmx sends the form, one request after the other
    }, PAUSE_MS);
  });
  form.addEventListener("submit", () => clearTimeout(timer));
}
