// Keeps what is typed in a draft: at the latest PAUSE_MS after a key, also while somebody types on and on.

const PAUSE_MS = 1500;

export function keepWhileTyping(form, state) {
  let timer;
  const keepSoon = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      state.dispatchEvent(new Event("keep")); // htmx sends the form, one request after the other
    }, PAUSE_MS);
  };
  // Who is signed out gets another page as the answer: it has no place here.
  state.addEventListener("htmx:beforeSwap", (event) => {
    const answered = new URL(event.detail.xhr.responseURL).pathname;
    if (answered === state.getAttribute("hx-post")) return;
    event.detail.shouldSwap = false;
    say("Not kept: you are signed out. Sign in again in another tab, then copy your text over to a new page.");
  });
  for (const failed of ["htmx:sendError", "htmx:responseError"]) {
    state.addEventListener(failed, () => {
      say("Not kept: the studio gives no answer now. It is tried again when you type.");
    });
  }
  const say = (sentence) => {
    const told = state.querySelector("p");
    told.className = "notice bad";
    told.textContent = sentence;
  };
  form.addEventListener("input", keepSoon);
  form.addEventListener("submit", () => clearTimeout(timer));
}
