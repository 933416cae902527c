// Requests of the console's own pages to the server, with the token that forms need.
import { found, lost, over } from "./connection.js";

const token = document.body.dataset.formToken ?? "";
const triesMax = 3;
// What a page asks for by itself, again and again, does not count as somebody's use of the session.
export const byItself = { "x-spotter-background": "1" };

export const pause = milliseconds => new Promise(done => setTimeout(done, milliseconds));

// Whether the server can be reached; the page shows what came out.
export async function isThere() {
  try {
    const response = await fetch("/console/alive", { headers: byItself, redirect: "manual", cache: "no-store" });
    found();
    over(response.type === "opaqueredirect");
    return true;
  } catch { lost(); return false; }
}

// Asks again while the server cannot be reached: it may be starting anew. A request that fails though
// the server is there, such as one with a file that has been deleted meanwhile, is given up.
export async function reach(address, options) {
  for (let failures = 0; ;) {
    try {
      const response = await fetch(address, options);
      found();
      return response;
    } catch (error) {
      if (await isThere() && ++failures >= triesMax) throw error;
      await pause(500);
    }
  }
}

export async function post(address, body, type, more) {
  const headers = { "x-form-token": token, accept: "application/json", ...more };
  if (type) headers["content-type"] = type;
  return answer(await reach(address, { method: "POST", headers, body, redirect: "manual" }));
}

export async function get(address, more) {
  return answer(await reach(address, { headers: { accept: "application/json", ...more } }));
}

// As `get`, for a page that asks again by itself.
export async function getOnce(address) {
  return answer(await fetch(address, { headers: { accept: "application/json", ...byItself } }));
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
