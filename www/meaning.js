/*
 * What a test of the API means, apart from how it is shown: pure functions, used by the page and
 * by the text that is copied. The verdict itself is the service's.
 */

import { clock, duration, has, t, when } from './language.js';

const APART = 15 * 60 * 1000; // milliseconds between arrivals from which on they may be two attempts
const SILENCE = 2 * 60 * 1000; // milliseconds without any mail after which we explain

/* offeredInVain - whether a client got as far as offering a message that has not come */
export function offeredInVain({ probes }) {
	return probes.some(({ offered, delivery }) => offered && !delivery);
}

/* lacksTls - delivered to "do", as expected, but in a way that no DANE client may (RFC 7672, 2.2) */
export function lacksTls({ probe, delivery }) {
	return probe === 'do' && delivery?.transport === 'clear';
}

/* passed - true or false where the probe tells, else null */
export function passed(probe) {
	return lacksTls(probe) || (probe.offered && !probe.delivery) ? false : probe.pass;
}

/*
 * verdictTexts - title, observed, proves, limits and do, for the verdict of a test
 *
 * The title says "so far" until the verdict is final. A verdict that only a
 * newer service knows is told as such.
 */
export function verdictTexts(test) {
	const { result, final } = test.verdict;
	const known = has(`verdict.${result}.title`) ? result : 'unknown';
	const name = result === 'running' && offeredInVain(test) ? 'offered' : known;
	const title = t(`verdict.${name}.title`, { result });

	return {
		title: final ? title[0].toUpperCase() + title.slice(1) : t('verdict.so-far', { title }),
		observed: t(`verdict.${name}.observed`),
		proves: t(`verdict.${name}.proves`),
		limits: t(`verdict.${name}.limits`),
		do: t(`verdict.${name}.do`),
	};
}

/* label - of a paragraph on the verdict; says "so far" until that is final */
export function label(test, key) {
	return t(`${key}${test.verdict.final ? '' : '.so-far'}`);
}

/* ownTitle - the verdict in a line, for a test that is not the one shown */
export function ownTitle({ result, final }) {
	const title = t(`verdict.${has(`verdict.${result}.title`) ? result : 'unknown'}.title`, { result });

	return final ? title : t('verdict.so-far', { title });
}

/* outlook - how the verdict can still change */
export function outlook(test) {
	const { verdict, final_at: finalAt } = test;

	if (verdict.result === 'running' && offeredInVain(test))
		return t('outlook.offered');
	if (verdict.final)
		return t('outlook.final');
	return finalAt ? t('outlook.open', { final: when(finalAt) }) : t('outlook.waiting');
}

/* countdown - what is awaited, and how long still; null when nothing runs */
export function countdown(test, time) {
	const { verdict, created, counts_at: countsAt, final_at: finalAt } = test;

	if (verdict.final || (verdict.result === 'running' && offeredInVain(test)))
		return null;
	if (!finalAt)
		return t('clock.waiting', { time: duration(time - Date.parse(created)) });
	if (Date.parse(countsAt) > time)
		return t('clock.counts', { time: duration(Date.parse(countsAt) - time), final: clock(finalAt) });
	return t('clock.final', { time: duration(Date.parse(finalAt) - time) });
}

/* silent - whether nothing has arrived for so long that the usual causes are worth a look */
export function silent(test, time) {
	return test.verdict.result === 'waiting' && time - Date.parse(test.created) >= SILENCE;
}

/*
 * serversOf - the servers that delivered, or null where it was one as far as we can tell
 *
 * One server may well use both its IPv4 and its IPv6 address.
 */
export function serversOf({ probes }) {
	const clients = probes.flatMap(({ delivery }) => delivery?.client ?? []);
	const family = (address) => address.includes(':');
	const differ = (a, b) => (a.helo && b.helo && a.helo.toLowerCase() !== b.helo.toLowerCase()) ||
		(a.address && b.address && family(a.address) === family(b.address) && a.address !== b.address);

	return clients.some((a) => clients.some((b) => differ(a, b)))
		? [...new Set(clients.map(clientText))].join(', ') : null;
}

/* spreadOf - how far apart the arrivals are, if so far that they may be of two attempts; else null */
export function spreadOf({ probes }) {
	const times = probes.flatMap(({ delivery }) => (delivery ? Date.parse(delivery.received) : []));
	const spread = Math.max(...times) - Math.min(...times);

	return spread >= APART ? duration(spread) : null;
}

export function setupText({ probe, expect }) {
	const setup = has(`setup.${probe}`) ? t(`setup.${probe}`) : '';
	const expectation = has(`expect.${expect}`) ? t(`expect.${expect}`) : '';

	return `${setup} ${expectation}`.trim();
}

export function outcomeText(probe, final) {
	const { outcome } = probe;
	const soFar = outcome === 'not-delivered' && !final;
	const key = `outcome.${outcome}${soFar ? '.so-far' : ''}`;
	const text = has(key) ? t(key) : outcome;
	const pass = passed(probe);

	if (probe.offered && !probe.delivery)
		return t('outcome.offered', { outcome: text, time: when(probe.offered) });
	if (lacksTls(probe))
		return t('outcome.clear', { outcome: text });
	if (typeof pass !== 'boolean')
		return text;
	return t(pass ? 'outcome.pass' : 'outcome.fail', { outcome: text });
}

export function transportText({ transport, tls }) {
	if (transport === 'clear')
		return t('transport.clear');
	if (transport !== 'tls')
		return t('transport.unknown');
	return `${tls?.protocol ?? t('transport.protocol')}, ${tls?.cipher ?? t('transport.cipher')}`;
}

export function clientText(client) {
	return `${client?.address ?? t('client.address')} (${client?.helo ?? t('client.helo')})`;
}
