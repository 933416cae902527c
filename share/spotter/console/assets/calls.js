// Requests of the console's own pages to the server, with the token that forms need.
const token = document.body.dataset.formToken ?? "";
// What a page asks for by itself, again and again, does not count as somebody's use of the session.
export const byItself = { "x-spotter-background": "1" };

export async function post(address, body, type, more) {
  const headers = { "x-form-token": token, accept: "application/json", ...more };
  if (type) headers["content-type"] = type;
  return answer(await fetch(address, { method: "POST", headers, body, redirect: "manual" }));
}

export async function get(address, more) {
  return answer(await fetch(address, { headers: { accept: "application/json", ...more } }));
}

async function answer(response) {
  // A session that has ended leads to the page to sign in.
  if (response.type === "opaqueredirect" || response.redirected) {
    location.href = "/console/sign-in";
    throw Object.assign(new Error("signed out"), { status: 401 });
  }
  const value = await response.json();
  if (!response.ok) throw Object.assign(new Error(value.Message ?? value.message), { status: response.status });
  return value;
}

export const pause = milliseconds => new Promise(done => setTimeout(done, milliseconds));
