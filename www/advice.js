/* What to do on each kind of mail server, one that can be opened for each. */

import { $, make, setRich, setText } from './dom.js';
import { t } from './language.js';
import { RESOLVER, SERVERS } from './servers.js';

/* renderAdvice - domain: of this installation, for the commands that check by hand */
export function renderAdvice(domain) {
	const list = $('servers');

	if (!list.firstChild)
		list.append(...[RESOLVER, ...SERVERS].map(newServer));
	for (const server of [RESOLVER, ...SERVERS])
		renderServer($(`server-${server.id}`), server, domain);
}

function newServer({ id }) {
	const element = make('details', '', { id: `server-${id}` });

	element.append(make('summary', ''), make('div', ''));
	return element;
}

/* renderServer - anew only when language or domain have changed: what is selected stays so */
function renderServer(element, server, domain) {
	const { id, name, snippets, check, log, link } = server;
	const drawn = `${document.documentElement.lang} ${domain}`;
	const fitted = (text) => text.replaceAll('{domain}', domain);

	if (element.dataset.drawn === drawn)
		return;
	element.dataset.drawn = drawn;
	setText(element.querySelector('summary'), name ?? t(`server.${id}.name`));
	element.querySelector('div').replaceChildren(
		paragraph(t(`server.${id}.text`)),
		...snippets.flatMap(({ file, text }) => [make('p', file), code(fitted(text))]),
		...(check.length ? [paragraph(t('advice.check')), code(fitted(check.join('\n')))] : []),
		...(log ? [paragraph(t('advice.log')), code(fitted(log))] : []),
		...(link ? [paragraph(`[${t('advice.documentation')}](${link})`)] : []));
}

function paragraph(text) {
	const element = make('p', '');

	setRich(element, text);
	return element;
}

/* code - can be scrolled by keyboard, too */
function code(text) {
	const element = make('pre', '', { tabIndex: 0 });

	element.append(make('code', text));
	return element;
}
