/* Copying to the clipboard, also where the browser does not let us. */

import { $, setText } from './dom.js';
import { t } from './language.js';

const NOTE_TIME = 5000; // milliseconds that "copied" stands there

/* copyElement - the text of an element; it is left selected where it cannot be copied */
export function copyElement(element, note) {
	return copy(element.textContent, note, () => getSelection().selectAllChildren(element));
}

/* clearCopied - takes away a text that was put into the page: it is of another test */
export function clearCopied() {
	$('copied').hidden = true;
	$('copied').value = '';
}

/* copyText - a text that stands nowhere on the page; it is put there where it cannot be copied */
export function copyText(text, note) {
	const field = $('copied');

	field.hidden = true;
	return copy(text, note, () => {
		field.hidden = false;
		field.value = text;
		field.select();
	});
}

async function copy(text, note, select) {
	let copied = true;

	try {
		await navigator.clipboard.writeText(text);
	} catch { // refused, or plain http, where there is no navigator.clipboard
		select();
		copied = document.execCommand('copy');
	}
	setText(note, t(copied ? 'copy.done' : 'copy.selected'));
	setTimeout(setText, NOTE_TIME, note, '');
}
