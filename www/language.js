/* The language of the page: which one, its texts, and times in its form. */

import { setRich } from './dom.js';

const LANGUAGES = ['en', 'nl', 'de'];
const STORED = 'havedane.language';

let texts = null;

/* preferred - what the visitor chose here before, else the first that the browser asks for */
export function preferred() {
	const wanted = [stored(), ...navigator.languages];

	return wanted.map((tag) => String(tag).slice(0, 2).toLowerCase())
		.find((code) => LANGUAGES.includes(code)) ?? LANGUAGES[0];
}

/* use - loads a language and puts it into the page; throws when its file cannot be had */
export async function use(language) {
	texts = (await import(`./lang/${language}.js`)).default;
	document.documentElement.lang = language;
	document.title = t('title');
	for (const element of document.querySelectorAll('#languages button'))
		element.setAttribute('aria-pressed', element.lang === language);
	fill(document);
}

/* remember - for the next visit; without storage it is asked of the browser again */
export function remember(language) {
	try {
		localStorage.setItem(STORED, language);
	} catch { /* storage is switched off */ }
}

function stored() {
	try {
		return localStorage.getItem(STORED);
	} catch {
		return null;
	}
}

/* fill - the texts that are always the same, into the elements that name them */
export function fill(root) {
	for (const element of root.querySelectorAll('[data-text]'))
		setRich(element, t(element.dataset.text));
	for (const element of root.querySelectorAll('[data-label]'))
		element.setAttribute('aria-label', t(element.dataset.label));
}

/* ready - whether there are texts to show yet */
export function ready() {
	return texts !== null;
}

/* has - whether there is such a text: what the service may name is more than this page knows */
export function has(key) {
	return Object.hasOwn(texts, key);
}

/* t - a text, with what stands for its {placeholders} */
export function t(key, values = {}) {
	return texts[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function locale() {
	const language = document.documentElement.lang;

	return language === 'en' ? 'en-GB' : language;
}

/* when, clock - in the visitor's zone, which is named: logs are compared with it */
export function when(time) {
	return new Date(time).toLocaleString(locale(), { dateStyle: 'medium', timeStyle: 'long' });
}

export function clock(time) {
	return new Date(time).toLocaleTimeString(locale(), { timeStyle: 'long' });
}

/* duration - "1 h 5 min", "3 min 20 s", "11 s": the two largest units, of milliseconds */
export function duration(milliseconds) {
	const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
	const parts = [
		[Math.floor(seconds / 3600), 'unit.hour'],
		[Math.floor(seconds / 60) % 60, 'unit.minute'],
		[seconds % 60, 'unit.second'],
	];
	const first = Math.max(0, parts.findIndex(([count]) => count));

	return (seconds ? parts.slice(first, first + 2) : parts.slice(2))
		.filter(([count], i) => count || !i)
		.map(([count, unit]) => `${count} ${t(unit)}`).join(' ');
}
