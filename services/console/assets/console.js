// What makes the pages better for those who let scripts run. Everything works without.
'use strict';

const all = (selector) => Array.from(document.querySelectorAll(selector));

// Times come in UTC; they are shown in the reader's zone, with UTC on hover.
const local = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'medium' });
function localise(root) {
  for (const time of root.querySelectorAll('time[datetime]')) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.valueOf()) || time.title) continue;
    time.title = time.textContent;
    time.textContent = local.format(at);
  }
}
localise(document);

// An error that the page came back with is read first.
document.getElementById('errors')?.focus();

for (const button of all('button[data-copy]')) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent += ' ✓';
  }, { once: true });
}

for (const form of all('form[data-submit-on-change]')) {
  for (const button of form.querySelectorAll('[data-hide]')) button.hidden = true;
  form.addEventListener('change', () => form.requestSubmit());
}
for (const form of all('form[data-submit]')) form.requestSubmit();

// "All types" and single ones exclude each other.
for (const every of all('input[data-all]')) {
  const others = Array.from(every.form.elements[every.name]).filter((box) => box !== every);
  every.addEventListener('change', () => { if (every.checked) others.forEach((box) => { box.checked = false; }); });
  for (const box of others) box.addEventListener('change', () => { if (box.checked) every.checked = false; });
}

// A URL is judged while it is typed.
for (const input of all('input[data-check]')) {
  const said = document.getElementById(`${input.id}-said`);
  let waiting;
  input.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      if (!input.value) { said.textContent = ''; return; }
      const asked = input.value;
      const answer = await fetch(`${input.dataset.check}?url=${encodeURIComponent(asked)}`);
      if (!answer.ok || asked !== input.value) return;
      const judged = await answer.json();
      said.textContent = judged.said;
      said.className = `said ${judged.good ? 'good' : 'bad'}`;
    }, 300);
  });
}

// What the last events say of a form that is being filled in.
for (const button of all('button[data-preview]')) {
  const { form } = button;
  const place = document.getElementById(button.dataset.preview);
  let waiting;
  let asked = 0;
  const look = async () => {
    const turn = ++asked;
    const fields = new URLSearchParams(new FormData(form));
    fields.set('part', 'yes');
    const answer = await fetch(button.formAction, { method: 'POST', body: fields });
    if (!answer.ok || turn !== asked) return;
    place.innerHTML = await answer.text();
    localise(place);
  };
  button.addEventListener('click', (event) => { event.preventDefault(); look(); });
  form.addEventListener('input', (event) => {
    if (!['types', 'filter', 'account'].includes(event.target.name)) return;
    clearTimeout(waiting);
    waiting = setTimeout(look, 500);
  });
}

// New rows come by themselves until the reader stops them. They are not read aloud: a screen reader would never be done.
for (const table of all('[data-live]')) {
  const body = table.querySelector('tbody');
  const toggle = document.querySelector('[data-live-switch]');
  const box = toggle.querySelector('input');
  let stream;
  const follow = () => {
    stream = new EventSource(table.dataset.live);
    stream.addEventListener('delivery', (event) => {
      const place = document.createElement('tbody');
      place.innerHTML = event.data;
      const row = place.querySelector('tr');
      const link = row.querySelector('a').getAttribute('href');
      body.querySelector(`a[href="${CSS.escape(link)}"]`)?.closest('tr').remove();
      localise(row);
      body.prepend(row);
      while (body.rows.length > 50) body.lastElementChild.remove();
    });
  };
  toggle.hidden = false;
  box.addEventListener('change', () => { if (box.checked) follow(); else stream.close(); });
  window.addEventListener('pagehide', () => stream.close());
  follow();
}

// A job that has not ended is looked at again, as long as somebody looks.
for (const link of all('a[data-refresh]')) {
  const again = () => { if (document.hidden) setTimeout(again, 2000); else location.replace(link.href); };
  setTimeout(again, 2000);
}

// What a webhook missed is counted beside the offer to send it: as the form below would, followed until it has ended.
for (const link of all('a[data-count]')) {
  const form = document.getElementById(link.dataset.count);
  const place = link.closest('.note').querySelector('[aria-live]');
  link.addEventListener('click', async (event) => {
    event.preventDefault();
    link.hidden = true;
    place.ariaBusy = 'true';
    let answer = await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) });
    for (;;) {
      // Where it cannot be counted, the form's own answer says why.
      if (!answer.ok) { form.submit(); return; }
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      place.replaceChildren(...page.querySelector('[data-job]').childNodes);
      localise(place);
      if (!page.querySelector('a[data-refresh]')) break;
      await new Promise((again) => { setTimeout(again, 1000); });
      answer = await fetch(answer.url);
    }
    place.ariaBusy = 'false';
  });
}

// All webhooks are tested from here, some side by side, so that each is seen as it ends. A field that only scripts add asks
// for that. Only the end is read aloud.
for (const form of all('form[data-trials]')) {
  form.append(Object.assign(document.createElement('input'), { type: 'hidden', name: 'live', value: 'yes' }));
}
for (const table of all('table[data-lost]')) {
  const rows = all('tr[data-test]');
  const bar = document.getElementById('far');
  const csrf = new URLSearchParams({ csrf: document.querySelector('input[name=csrf]').value });
  const test = async (row) => {
    const answer = await fetch(row.dataset.test, { method: 'POST', body: csrf }).catch(() => null);
    if (!answer?.ok) { row.cells[1].textContent = table.dataset.lost; return; }
    const place = document.createElement('tbody');
    place.innerHTML = await answer.text();
    row.replaceWith(place.rows[0]);
  };
  const work = async () => {
    for (let row = rows.shift(); row; row = rows.shift()) {
      await test(row);
      bar.value += 1;
    }
  };
  Promise.all(Array.from({ length: 6 }, work)).then(() => {
    const said = document.getElementById('trials-said');
    said.textContent = said.dataset.said.replace('{passed}', all('tr[data-passed]').length);
    document.getElementById('trials').hidden = true;
  });
}
