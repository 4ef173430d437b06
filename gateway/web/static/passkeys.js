// Passkeys: a button asks the server for a challenge, the device for an answer, and sends the
// form with it. Without this script the button stays hidden, and the page's other ways remain.

const bytes = (text) => {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
};

const text = (buffer) => {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

const named = (credentials) => (credentials ?? []).map((each) => ({ ...each, id: bytes(each.id) }));

// The options of Web Authentication level 3, 5.1.10, for browsers that cannot read them yet.
const readable = (options) => ({
  ...options,
  challenge: bytes(options.challenge),
  ...(options.user && { user: { ...options.user, id: bytes(options.user.id) } }),
  ...(options.allowCredentials && { allowCredentials: named(options.allowCredentials) }),
  ...(options.excludeCredentials && { excludeCredentials: named(options.excludeCredentials) }),
});

const sendable = ({ id, rawId, type, response }) => {
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const given = parts.filter((part) => response[part]);
  const filled = Object.fromEntries(given.map((part) => [part, text(response[part])]));
  return JSON.stringify({ id, rawId: text(rawId), type, response: filled });
};

const ask = async (field) => {
  const answer = await fetch(field.dataset.options, { cache: "no-store" });
  if (!answer.ok) {
    throw new Error(field.dataset.outdated);
  }
  const publicKey = readable(await answer.json());
  const making = field.dataset.passkey === "create";
  const wanted = making ? navigator.credentials.create : navigator.credentials.get;
  return sendable(await wanted.call(navigator.credentials, { publicKey }));
};

for (const button of document.querySelectorAll("[data-asks]")) {
  const field = document.getElementById(button.dataset.asks);
  const said = document.getElementById(`said-${field.id}`);
  button.hidden = !window.PublicKeyCredential;
  button.addEventListener("click", async () => {
    button.disabled = true;
    said.hidden = true;
    try {
      field.value = await ask(field);
      field.form.submit();
    } catch (error) {
      said.textContent = error.message === field.dataset.outdated ? error.message : field.dataset.failed;
      said.hidden = false;
      button.disabled = false;
    }
  });
}

for (const each of document.querySelectorAll("[data-without-passkeys]")) {
  each.hidden = Boolean(window.PublicKeyCredential);
}

for (const button of document.querySelectorAll("[data-prints]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
