"use strict";
// Search over all tasks: unpacked when first asked for, in slices so that the page stays alive.
(() => {
  const SHOWN = 100, SLICE_MS = 10, WAIT_MS = 120, MOST_WORDS = 8;
  const at = (id) => document.getElementById(id);
  const words = JSON.parse(at("words").textContent);
  const query = at("query"), found = at("found"), hits = at("hits");
  const body = hits.querySelector("tbody");
  const number = new Intl.NumberFormat("en");
  const say = (text, values = {}) =>
    text.replace(/\{(\w+)\}/g, (_, name) => number.format(values[name]));
  const plain = (text) => text.normalize("NFKC").toLowerCase();

  // Calls step(i) for each i below count, and lets the browser work whenever a slice is over.
  async function sliced(count, step, current = () => true) {
    let start = performance.now();
    for (let i = 0; i < count; i++) {
      step(i);
      if (i % 256 === 255 && performance.now() - start > SLICE_MS) {
        await new Promise((go) => setTimeout(go));
        if (!current()) return false;
        start = performance.now();
      }
    }
    return current();
  }

  // Base 85, as optimizer/report/rows.py writes it: five digits are four bytes.
  async function binary(text) {
    const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;/=>?@^_`{|}~";
    const value = new Uint8Array(128);
    for (let i = 0; i < 85; i++) value[digits.charCodeAt(i)] = i;
    const words = Math.ceil(text.length / 5), missing = 5 * words - text.length;
    const view = new DataView(new ArrayBuffer(4 * words)), whole = text + "~".repeat(missing);
    await sliced(words, (i) => {
      let word = 0;
      for (let j = 5 * i; j < 5 * i + 5; j++) word = word * 85 + value[whole.charCodeAt(j)];
      view.setUint32(4 * i, word);
    });
    return view.buffer.slice(0, 4 * words - missing);
  }

  async function unpack() {
    const stream = new Blob([await binary(at("rows").textContent)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    let next = 4 + new DataView(bytes.buffer).getUint32(0, true);
    const all = JSON.parse(new TextDecoder().decode(bytes.subarray(4, next)));
    const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
    await sliced(all.vms.length, (i) => {
      if (all.vms[i] !== null) return;
      let id = "";
      for (let j = 0; j < 16; j++) id += (j === 4 || j === 6 || j === 8 || j === 10 ? "-" : "") + hex[bytes[next++]];
      all.vms[i] = id;
    });
    for (const name of ["job", "vm", "proxy", "tier", "protected", "reason"]) {
      const plane = [0, 1, 2, 3].map((k) => bytes.subarray(next + k * all.rows, next + (k + 1) * all.rows));
      all[name] = Int32Array.from(plane[0], (low, i) =>
        low | (plane[1][i] << 8) | (plane[2][i] << 16) | (plane[3][i] << 24));
      next += 4 * all.rows;
    }
    for (let i = 1; i < all.rows; i++) all.vm[i] += all.vm[i - 1];
    const reason = (code) => words["reason_" + code] || code;
    all.lists = {
      vm: new Array(all.vms.length),
      job: all.jobs.map(plain),
      proxy: all.servers.map(plain),
      reason: all.reasons.map((code) => plain(reason(code))),
    };
    all.reasons = all.reasons.map(reason);
    await sliced(all.vms.length, (i) => {
      all.lists.vm[i] = plain(all.vms[i] + "\n" + all.names[i]);
    });
    return all;
  }

  // Names from outside are text, whatever they hold, and keep their direction to themselves.
  function named(text) {
    const bdi = document.createElement("bdi");
    bdi.textContent = text;
    return bdi;
  }

  function cell(row, text, aside) {
    const td = row.insertCell();
    td.append(named(text));
    if (aside === undefined) return;
    const small = document.createElement("small");
    small.append(named(aside));
    td.append(small);
  }

  function show(all, i) {
    const row = body.insertRow(), vm = all.vm[i], proxy = all.proxy[i];
    cell(row, all.vms[vm]);
    cell(row, all.names[vm]);
    cell(row, all.jobs[all.job[i]]);
    if (proxy >= 0) cell(row, all.servers[proxy]);
    else cell(row, words.nobody, all.reasons[all.reason[i]]);
    cell(row, proxy < 0 ? "–" : all.tier[i] ? say(words.tier, { n: all.tier[i] }) : words.own);
    cell(row, proxy < 0 || !all.tier[i] ? "–" : all.protected[i] > 0 ? words.yes : words.no);
  }

  let rows, asked = 0;
  // Each word must occur in the row's VM, job, server or reason: one bit per word.
  async function search() {
    const turn = ++asked, current = () => turn === asked;
    const parts = [...new Set(plain(query.value).split(/\s+/).filter(Boolean))].slice(0, MOST_WORDS);
    if (!parts.length) {
      hits.hidden = true;
      found.textContent = "";
      return;
    }
    if (!rows) found.textContent = words.loading;
    rows ??= unpack();
    const all = await rows;
    const bits = (text) => parts.reduce((sum, part, k) => sum | (text.includes(part) ? 1 << k : 0), 0);
    const mask = {};
    for (const [name, texts] of Object.entries(all.lists)) {
      mask[name] = new Uint8Array(texts.length);
      if (!(await sliced(texts.length, (i) => { mask[name][i] = bits(texts[i]); }, current))) return;
    }
    const whole = (1 << parts.length) - 1, first = [];
    let count = 0;
    const done = await sliced(all.rows, (i) => {
      const some = mask.vm[all.vm[i]] | mask.job[all.job[i]] | mask.proxy[all.proxy[i]] | mask.reason[all.reason[i]];
      if (some === whole && ++count <= SHOWN) first.push(i);
    }, current);
    if (!done) return;
    body.replaceChildren();
    first.forEach((i) => show(all, i));
    hits.hidden = !count;
    hits.scrollTop = 0;
    found.textContent = !count ? words.nothing
      : say(count > SHOWN ? words.first : count > 1 ? words.all : words.one, { n: count, shown: SHOWN });
  }

  let timer;
  at("search-form").addEventListener("submit", (event) => event.preventDefault());
  if (typeof DecompressionStream === "undefined") {
    query.disabled = true;
    found.textContent = words.too_old;
  } else {
    query.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => search().catch((error) => {
        found.textContent = words.broken;
        console.error(error);
      }), WAIT_MS);
    });
  }

  // On paper nothing is behind a click.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((each) => { each.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((each) => { each.open = false; }));
})();
