// What is better with a script, and works without: showing a password, a folded menu, going
// back past a mistake, and a word before the session ends. No library, no markup from strings (Trusted Types).

const SHOW_BEFORE = 120_000; // 2 minutes before the end (WCAG 2.2, 2.2.1)
const LOOK_EVERY = 15_000;

for (const button of document.querySelectorAll("[data-shows]")) {
  const input = document.getElementById(button.dataset.shows);
  button.hidden = false;
  button.addEventListener("click", () => {
    const showing = input.type === "text";
    input.type = showing ? "password" : "text";
    button.setAttribute("aria-pressed", String(!showing));
  });
  input.form.addEventListener("submit", () => {
    input.type = "password";
  });
}

// On a narrow screen a long menu is folded, so that the page itself comes first.
const menu = document.querySelector("details.menu");
if (menu) {
  const narrow = matchMedia("(max-width: 60rem)");
  const fold = () => {
    menu.open = !narrow.matches;
  };
  fold();
  narrow.addEventListener("change", fold);
}

// A form that came back with a problem: "Back" and "Reload" shall ask for it, not send it again.
const summary = document.querySelector("[data-again]");
if (summary) {
  history.replaceState(null, "", summary.dataset.again);
}

// A form that is answered by a file leaves its page standing: no mistake of the time before stays
// on it, and no code that was used.
for (const form of document.querySelectorAll("[data-hands-out]")) {
  form.addEventListener("submit", () => {
    setTimeout(() => {
      summary?.remove();
      for (const each of form.querySelectorAll(".problem")) {
        each.hidden = true;
      }
      for (const each of form.querySelectorAll(".has-problem")) {
        each.classList.remove("has-problem");
      }
      for (const each of form.querySelectorAll("[aria-invalid]")) {
        each.removeAttribute("aria-invalid");
      }
      for (const each of form.querySelectorAll(".code-input")) {
        each.value = "";
      }
    });
  });
}

const ending = document.getElementById("ending");
if (ending) {
  // The server says how long is left, so a wrong clock on this machine does not matter.
  let end = performance.now() + Number(ending.dataset.left) * 1000;
  const lasts = Number(ending.dataset.left) * 1000;
  setInterval(() => {
    ending.hidden = performance.now() < end - SHOW_BEFORE;
  }, LOOK_EVERY);
  const form = ending.querySelector("form");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
    if (answer.ok) {
      end = performance.now() + lasts;
      ending.hidden = true;
    } else {
      location.reload();
    }
  });
}
