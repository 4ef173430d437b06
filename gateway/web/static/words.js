// What a sentence may go on with, while it is typed: a combobox with a list (WAI-ARIA Authoring
// Practices, "list autocomplete with manual selection"). Without this script a button asks the same.

const PAUSE = 120; // milliseconds without a letter before the office's words are asked for

const offering = (input) => {
  const list = document.getElementById(input.getAttribute("aria-controls"));
  let offers = [];
  let chosen = -1;
  let at = 0; // where the cursor stood when the words were asked for
  let waiting = 0;
  let asked = 0;

  const choose = (index) => {
    chosen = index;
    for (const [place, row] of [...list.children].entries()) {
      row.setAttribute("aria-selected", String(place === chosen));
    }
    const row = list.children[chosen];
    row?.scrollIntoView({ block: "nearest" });
    if (row) input.setAttribute("aria-activedescendant", row.id);
    else input.removeAttribute("aria-activedescendant");
  };

  const show = (found) => {
    offers = found;
    list.replaceChildren(
      ...offers.map(({ words }, place) => {
        const row = document.createElement("li");
        row.id = `${list.id}-${place}`;
        row.role = "option";
        row.textContent = words;
        return row;
      }),
    );
    list.hidden = offers.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    choose(-1);
  };

  // Nothing is offered any more, and an answer that is still on its way comes too late.
  const close = () => {
    clearTimeout(waiting);
    asked += 1;
    show([]);
  };

  const ask = async (asks) => {
    close();
    const mine = asked;
    at = input.selectionStart;
    const before = input.value.slice(0, at);
    if (before.length > Number(input.dataset.longest)) return;
    const said = new URLSearchParams({ say: before, ...(asks && { asked: 1 }) });
    const answer = await fetch(`${input.dataset.words}?${said}`).catch(() => null);
    const found = answer?.ok ? await answer.json().catch(() => []) : [];
    if (mine === asked) show(found);
  };

  const take = ({ before }) => {
    input.value = before + input.value.slice(at);
    input.setSelectionRange(before.length, before.length);
    input.focus();
    ask(false);
  };

  const soon = () => {
    close();
    waiting = setTimeout(() => ask(false), PAUSE);
  };

  const keys = {
    ArrowDown: () => (list.hidden ? ask(true) : choose((chosen + 1) % offers.length)),
    ArrowUp: () => choose(chosen < 1 ? offers.length - 1 : chosen - 1),
    Enter: () => take(offers[chosen]),
    Escape: close,
  };
  const means = (key) => {
    if (key === "Enter") return chosen >= 0;
    return key === "ArrowDown" || (key in keys && !list.hidden);
  };

  // Letters that an input method still composes are nobody's word yet.
  input.addEventListener("input", (event) => event.isComposing || soon());
  input.addEventListener("compositionend", soon);
  input.addEventListener("focus", () => input.value || ask(false));
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (means(event.key)) {
      event.preventDefault();
      keys[event.key]();
    } else if (event.key === "Escape") close();
  });
  // Offers are for one place in the sentence alone.
  document.addEventListener("selectionchange", () => {
    if (!list.hidden && input.selectionStart !== at) close();
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the cursor stays in the field
  list.addEventListener("click", (event) => {
    const row = event.target.closest("[role=option]");
    if (row) take(offers[[...list.children].indexOf(row)]);
  });
};

for (const input of document.querySelectorAll("[data-words]")) {
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  input.form.elements.suggest.hidden = true;
  if (document.activeElement === input) input.setSelectionRange(input.value.length, input.value.length);
  offering(input);
}
