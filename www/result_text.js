/* The result as text, for a ticket: what the page shows, in its language. */

import { t, when } from './language.js';
import { clientText, label, outcomeText, outlook, serversOf, setupText, spreadOf, transportText,
	verdictTexts } from './meaning.js';

/* resultText - asOf: when the test was last known to stand so */
export function resultText(test, asOf, url) {
	const texts = verdictTexts(test);
	const servers = serversOf(test);
	const spread = spreadOf(test);

	return [
		t('text.heading', { alias: test.alias, time: when(asOf) }),
		'',
		texts.title,
		outlook(test),
		'',
		`${label(test, 'why.observed')} ${texts.observed}`,
		`${label(test, 'why.proves')} ${texts.proves}`,
		`${label(test, 'why.limits')} ${texts.limits}`,
		'',
		...test.probes.flatMap((probe) => probeLines(probe, test.verdict.final)),
		...(servers ? [t('mixed', { servers }), ''] : []),
		...(spread ? [t('apart', { time: spread }), ''] : []),
		url,
		'',
	].join('\n');
}

function probeLines(probe, final) {
	const { address, delivery } = probe;

	return [
		`${address}: ${outcomeText(probe, final)}`,
		`  ${setupText(probe)}`,
		...(delivery ? [
			`  ${t('probe.received')}: ${when(delivery.received)}`,
			`  ${t('probe.encryption')}: ${transportText(delivery)}`,
			`  ${t('probe.from')}: ${clientText(delivery.client)}`,
		] : []),
		'',
	];
}
