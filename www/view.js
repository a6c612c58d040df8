/* Draws the page from its state. */

import { renderAdvice } from './advice.js';
import { now, urlOf } from './requests.js';
import { $, breakable, make, setRich, setText } from './dom.js';
import { clock, ready, t, when } from './language.js';
import { countdown, label, outcomeText, outlook, ownTitle, serversOf, silent, spreadOf,
	verdictTexts } from './meaning.js';
import { ownTests } from './own_tests.js';
import { renderProbes } from './view_probes.js';

export function render(state) {
	const { phase, test } = state;
	const live = phase === 'live';
	const current = isCurrent(state);

	if (!ready())
		return;
	renderStatus(state);
	renderThis(phase, test);
	renderOwn(state.alias);
	$('send').hidden = !live;
	$('advice').hidden = !test;
	$('result').hidden = !test;
	if (!test)
		return;
	$('result').dataset.current = current;
	$('as-of').hidden = current;
	setText($('as-of'), t('as-of', { time: when(state.asOf) }));
	if (!state.told)
		place(test);
	renderAddresses(test);
	renderShell(test);
	renderVerdict(test);
	renderProbes(test, live);
	renderMixed(test);
	renderAdvice(domainOf(test));
	tick(state);
	tellNews(state);
}

/* place - a finished test is opened for its verdict, another one to send; later on nothing moves */
function place(test) {
	if (test.verdict.final)
		$('result').after($('send'));
	else
		$('result').before($('send'));
}

/* isCurrent - whether what is shown is known to be so now */
function isCurrent({ phase, trouble, stale }) {
	return phase === 'live' && !trouble && !stale;
}

/* tick - what changes with each second; not announced */
export function tick(state) {
	const { test } = state;
	const text = ready() && test && isCurrent(state) ? countdown(test, now()) : null;

	$('clock').hidden = text === null;
	setText($('clock'), text ?? '');
	$('silence').hidden = !test || !isCurrent(state) || !silent(test, now());
}

function renderStatus({ phase, test, trouble, stale, undeleted, deleted }) {
	let kind = 'none';
	let text = '';
	let next = '';

	if (phase === 'gone') {
		kind = 'gone';
		text = t(deleted ? 'gone.deleted' : test ? 'gone.known' : 'gone.unknown');
		next = t('gone.next');
	} else if (trouble) {
		kind = 'trouble';
		text = `${phase === 'refused' ? `${t('refused')} ` : ''}${troubleText(trouble)}`;
		if (trouble.next)
			next = `${test ? `${t('trouble.stale')} ` : ''}${t('trouble.next', { time: clock(trouble.next) })}`;
	} else if (stale) {
		kind = 'busy';
		text = t('stale');
	} else if (undeleted) {
		kind = 'failed';
		text = troubleText(undeleted);
	} else if (phase !== 'live') {
		kind = 'busy';
		text = t(phase);
	}
	$('status').dataset.kind = kind;
	setText($('status-text'), text);
	setText($('status-next'), next);
	$('retry').hidden = !trouble;
}

/* troubleText - error is a key, text what the server itself said */
function troubleText({ error, text, status }) {
	const words = t(error, { status });

	return text ? `${words} ${t('trouble.words', { text })}` : words;
}

/* renderThis - the test at hand: a new one can be had whenever this one is settled or gone */
function renderThis(phase, test) {
	const live = phase === 'live';

	$('this-test').hidden = !live && phase !== 'gone';
	$('delete').hidden = !live;
	$('this-line').hidden = !live;
	if (live)
		setRich($('this-line'), t('this.line', { alias: test.alias, expires: when(test.expires) }));
}

/* renderOwn - the other tests of this browser; drawn anew only if changed, as a link may have the focus */
function renderOwn(alias) {
	const others = ownTests(now()).filter((test) => test.alias !== alias);
	const drawn = JSON.stringify([document.documentElement.lang, others]);

	$('own').hidden = others.length === 0;
	if ($('own-tests').dataset.drawn === drawn)
		return;
	$('own-tests').dataset.drawn = drawn;
	$('own-tests').replaceChildren(...others.map((test) => {
		const item = make('li', '');
		item.append(make('a', when(test.created), { href: `#${test.alias}` }), `: ${ownTitle(test)}`);
		return item;
	}));
}

function addressesOf(test) {
	return test.probes.map((probe) => probe.address);
}

function domainOf({ probes }) {
	const [{ probe, address }] = probes;

	return address.slice(address.indexOf('@') + probe.length + 2);
}

function renderAddresses(test) {
	const addresses = addressesOf(test);
	const escaped = addresses.map((a) => encodeURIComponent(a).replace('%40', '@'));
	const query = `subject=${encodeURIComponent(t('send.subject'))}&body=${encodeURIComponent(t('send.body'))}`;

	if ($('all-addresses').textContent !== addresses.join(', ')) {
		$('all-addresses').replaceChildren(
			...addresses.flatMap((a, i) => [i ? ', ' : '', ...breakable(a)]));
	}
	$('mailto').href = `mailto:${escaped.join(',')}?${query}`;
}

/* renderShell - handed to the mail server under test: sent past it, the tool would be tested */
function renderShell(test) {
	const addresses = addressesOf(test);

	setText($('shell-sendmail'),
		`printf 'Subject: HaveDANE\\n\\nTest\\n' | sendmail -i \\\n    ${addresses.join(' \\\n    ')}`);
	setText($('shell-swaks'), `swaks --server localhost \\\n    --to ${addresses.join(',')}`);
	setText($('shell-curl'),
		`curl ${location.origin}/t/${test.alias}\ncurl ${location.origin}${urlOf(test.alias)}`);
	$('report').href = `/t/${test.alias}`;
}

function renderVerdict(test) {
	const { result, final } = test.verdict;
	const texts = verdictTexts(test);

	$('verdict').dataset.result = result;
	$('verdict').dataset.final = final;
	setText($('verdict-title'), texts.title);
	setText($('verdict-next'), outlook(test));
	for (const name of ['observed', 'proves', 'limits']) {
		setText($(`${name}-label`), label(test, `why.${name}`));
		setRich($(`verdict-${name}`), texts[name]);
	}
	setRich($('verdict-do'), texts.do);
}

/* renderMixed - what arrived may be of several servers, or of several attempts */
function renderMixed(test) {
	const servers = serversOf(test);
	const spread = spreadOf(test);

	$('mixed').hidden = !servers;
	setText($('mixed'), servers ? t('mixed', { servers }) : '');
	$('apart').hidden = !spread;
	setText($('apart'), spread ? t('apart', { time: spread }) : '');
}

/*
 * tellNews - announces each outcome and verdict that has changed, once and together
 *
 * What a test brings along when it is taken up is told as one, too. Said in
 * words of the language in use, but compared by what the service said: another
 * language is no news.
 */
function tellNews(state) {
	const { test } = state;
	const told = state.told ?? {};
	const facts = { verdict: `${test.verdict.result} ${test.verdict.final}` };
	const news = [];

	for (const probe of test.probes) {
		facts[probe.probe] = `${probe.outcome} ${probe.offered}`;
		if (told[probe.probe] !== facts[probe.probe] && probe.outcome !== 'waiting')
			news.push(`${probe.probe}: ${outcomeText(probe, test.verdict.final)}.`);
	}
	if (told.verdict !== facts.verdict)
		news.push(`${verdictTexts(test).title}.`);
	if (news.length)
		setText($('news'), news.join(' '));
	state.told = facts;
}
