/* Small helpers for the page's elements. What comes from elsewhere goes in as text, never as HTML. */

export const $ = (id) => document.getElementById(id);

const rich = new WeakMap(); // element: the text it was filled from

/* setText - leaves an unchanged text alone, so that it is not announced again */
export function setText(element, text) {
	if (element.textContent !== text)
		element.textContent = text;
}

/*
 * setRich - a text of the language file with `code`, **stress** and [a link](https://...)
 *
 * For texts of our own only: whoever writes the text chooses where links lead.
 */
export function setRich(element, text) {
	const parts = text.split(/(`[^`]+`|\*\*[^*]+\*\*|\[[^\]]+\]\([^)]+\))/);

	if (rich.get(element) === text)
		return;
	rich.set(element, text);
	element.replaceChildren(...parts.filter((part) => part).map(node));
}

function node(part) {
	const link = /^\[([^\]]+)\]\(([^)]+)\)$/.exec(part);

	if (link)
		return make('a', link[1], { href: link[2], rel: 'noreferrer' });
	if (part.startsWith('`'))
		return make('code', part.slice(1, -1));
	if (part.startsWith('**'))
		return make('strong', part.slice(2, -2));
	return document.createTextNode(part);
}

/* make - a new element with a text and properties */
export function make(name, text, properties = {}) {
	const element = Object.assign(document.createElement(name), properties);

	element.textContent = text;
	return element;
}

/* breakable - an address that may be broken after the @; its text stays as it is */
export function breakable(address) {
	const at = address.indexOf('@') + 1;

	return [address.slice(0, at), document.createElement('wbr'), address.slice(at)];
}
