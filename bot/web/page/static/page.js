// Keeps the page true: listens for what has changed, counts times on, filters while people type.
// Everything works without it, by loading the page again.
"use strict";

const QUIET_TOO_LONG_MS = 40000;
const root = document.documentElement;
const status = document.getElementById("live");
let stream = null;
let quiet = 0;
let typing = 0;

function say(state) {
  if (!status || status.dataset.said === state) return;
  status.dataset.said = state;
  status.className = "live " + state;
  status.textContent = status.dataset[state] || "";
}

function span(seconds) {
  const [s, min, h, day, days] = root.dataset.units.split(" ");
  const two = (large, unit, small, lesser) => `${large} ${unit}` + (small ? ` ${small} ${lesser}` : "");
  if (seconds < 60) return `${Math.max(seconds, 0)} ${s}`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} ${min}`;
  if (seconds < 86400) return two(Math.floor(seconds / 3600), h, Math.floor((seconds % 3600) / 60), min);
  const whole = Math.floor(seconds / 86400);
  return two(whole, whole === 1 ? day : days, Math.floor((seconds % 86400) / 3600), h);
}

function countOn() {
  for (const each of document.querySelectorAll("time")) {
    const text = span(Math.floor((Date.now() - Date.parse(each.dateTime)) / 1000));
    if (each.textContent !== text) each.textContent = text;
  }
}

// The server has escaped what it sends. Focus stays where it was within a replaced element.
function replace(id, html) {
  const old = document.getElementById(id);
  if (!old) return;
  const box = document.createElement(old.tagName === "TR" ? "tbody" : "div");
  box.innerHTML = html;
  const fresh = box.firstElementChild;
  const able = "a, button, input, summary, [tabindex]";
  const at = [...old.querySelectorAll(able)].indexOf(document.activeElement);
  const open = old.querySelector("details[open]");
  old.replaceWith(fresh);
  if (open) fresh.querySelector("details")?.setAttribute("open", "");
  if (at >= 0) fresh.querySelectorAll(able)[at]?.focus({ preventScroll: true });
  if (fresh.tagName === "TR") fresh.classList.add("fresh");
}

function heard() {
  say("on");
  clearTimeout(quiet);
  quiet = setTimeout(again, QUIET_TOO_LONG_MS);
}

function again() {
  say("off");
  stream?.close();
  clearTimeout(quiet);
  quiet = setTimeout(listen, 1500);
}

function listen() {
  const address = document.body.dataset.live;
  if (!address) return;
  stream?.close();
  stream = new EventSource(address);
  stream.addEventListener("beat", heard);
  stream.addEventListener("trouble", () => { heard(); say("off"); });
  stream.addEventListener("reload", () => location.reload());
  stream.addEventListener("change", (event) => {
    heard();
    for (const [id, html] of Object.entries(JSON.parse(event.data))) replace(id, html);
  });
  stream.onerror = again;
}

async function filter(text) {
  const asked = new URLSearchParams({ q: text });
  const answer = await fetch(`rows?${asked}`);
  if (answer.redirected) return location.reload();
  const html = answer.ok && await answer.text();
  if (!html || document.getElementById("q").value !== text) return;
  replace("tags", html);
  history.replaceState(null, "", text ? `./?${asked}` : "./");
  document.body.dataset.live = `live?${asked}`;
  listen();
}

document.getElementById("q")?.addEventListener("input", (event) => {
  clearTimeout(typing);
  typing = setTimeout(() => filter(event.target.value).catch(() => say("off")), 150);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.getAttribute("aria-busy") === "true") return event.preventDefault();
  form.setAttribute("aria-busy", "true");
  const button = form.querySelector("button");
  if (button && form.dataset.busy) button.textContent = form.dataset.busy;
});

// Coming back to a page that the browser kept: nothing is busy any more.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
addEventListener("pagehide", () => stream?.close());

countOn();
setInterval(countOn, 1000);
listen();
