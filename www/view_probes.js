/* The cards of the probes: one for each that the service tells of, known to this page or not. */

import { copyElement } from './copy.js';
import { $, breakable, setText } from './dom.js';
import { fill, t, when } from './language.js';
import { clientText, outcomeText, passed, setupText, transportText } from './meaning.js';

/* renderProbes - live: whether the addresses are still good for anything */
export function renderProbes(test, live) {
	const list = $('probes');

	if (list.dataset.alias !== test.alias) {
		list.dataset.alias = test.alias;
		list.replaceChildren();
	}
	for (const probe of test.probes) {
		let element = list.querySelector(`[data-probe="${CSS.escape(probe.probe)}"]`);
		if (!element) {
			element = newProbe(probe);
			list.append(element);
		}
		renderProbe(element, probe, test.verdict.final, live);
	}
}

/* newProbe - the parts that never change */
function newProbe({ probe, address }) {
	const element = $('probe-template').content.firstElementChild.cloneNode(true);
	const part = (name) => element.querySelector(`.${name}`);

	element.dataset.probe = probe;
	setText(part('name'), probe);
	part('address').append(...breakable(address));
	part('copy').addEventListener('click', () => copyElement(part('address'), part('note')));
	fill(element);
	return element;
}

function renderProbe(element, probe, final, live) {
	const part = (name) => element.querySelector(`.${name}`);
	const { delivery } = probe;

	element.dataset.outcome = probe.outcome;
	element.dataset.pass = passed(probe);
	setText(part('outcome'), outcomeText(probe, final));
	setText(part('setup'), setupText(probe));
	part('actions').hidden = !live;
	setText(part('copy'), t('probe.copy', { probe: probe.probe }));
	part('delivery').hidden = !delivery;
	if (delivery) {
		setText(part('received'), when(delivery.received));
		setText(part('transport'), transportText(delivery));
		setText(part('client'), clientText(delivery.client));
	}
}
