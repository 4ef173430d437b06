// What a sentence may go on with, while it is typed: a combobox with a list (WAI-ARIA Authoring
// Practices, "list autocomplete with manual selection"). Without this script a button asks the same.

const PAUSE = 120; // milliseconds without a letter before the office's words are asked for

const offering = (input) => {
  const list = document.getElementById(input.getAttribute("aria-controls"));
  let offers = [];
  let chosen = -1;
  let waiting = 0;
  let asked = 0;

  const choose = (index) => {
    chosen = index;
    for (const [at, row] of [...list.children].entries()) {
      row.setAttribute("aria-selected", String(at === chosen));
    }
    const row = list.children[chosen];
    row?.scrollIntoView({ block: "nearest" });
    if (row) input.setAttribute("aria-activedescendant", row.id);
    else input.removeAttribute("aria-activedescendant");
  };

  const show = (found) => {
    offers = found;
    list.replaceChildren(
      ...offers.map(({ words }, at) => {
        const row = document.createElement("li");
        row.id = `${list.id}-${at}`;
        row.role = "option";
        row.textContent = words;
        return row;
      }),
    );
    list.hidden = offers.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    choose(-1);
  };

  const close = () => {
    clearTimeout(waiting);
    asked += 1; // an answer on its way is too late
    show([]);
  };

  const ask = async () => {
    asked += 1;
    const mine = asked;
    const before = input.value.slice(0, input.selectionStart);
    const answer = await fetch(`${input.dataset.words}?${new URLSearchParams({ say: before })}`).catch(() => null);
    const found = answer?.ok ? await answer.json().catch(() => []) : [];
    if (mine === asked) show(found);
  };

  const take = ({ before }) => {
    const after = input.value.slice(input.selectionStart);
    input.value = before + after;
    input.setSelectionRange(before.length, before.length);
    input.focus();
    ask();
  };

  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, PAUSE);
  };

  const keys = {
    ArrowDown: () => (list.hidden ? ask() : choose((chosen + 1) % offers.length)),
    ArrowUp: () => !list.hidden && choose(chosen < 1 ? offers.length - 1 : chosen - 1),
    Enter: () => chosen >= 0 && take(offers[chosen]),
    Escape: () => !list.hidden && close(),
  };

  // Letters that an input method still composes are nobody's word yet.
  input.addEventListener("input", (event) => event.isComposing || soon());
  input.addEventListener("compositionend", soon);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || !(event.key in keys)) return;
    const isPlain = (event.key === "Enter" && chosen < 0) || (event.key !== "ArrowDown" && list.hidden);
    if (isPlain) return;
    event.preventDefault();
    keys[event.key]();
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
  offering(input);
}
