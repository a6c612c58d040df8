/*
 * The page of HaveDANE: one test, shown live.
 *
 * There is one state, replaced as a whole when another test is taken up, and
 * render() draws the page from it. Requests that end after their state was
 * replaced change nothing. Everything that comes from the server goes into the
 * page as text, never as HTML: the name a mail client gives itself is chosen
 * by whoever sends the mail.
 */

const API = '/api/tests';
const PATIENCE = 20; // seconds until a request counts as unanswered
const BACKOFF_MAX = 60; // seconds
const RETRY_AFTER_MAX = 3600; // seconds; a server that asks for more is not believed
const POLL_DEFAULT = 5; // seconds, should poll_after be missing

// Answers that say "there is no such test": 414 comes from nginx when the fragment is endless.
const GONE = [400, 404, 410, 414];

/* Texts. Titles are written so that they can stand behind "So far: ". */

const VERDICTS = {
	'waiting': {
		title: 'nothing has arrived',
		shows: 'No message to any of the addresses has reached us. This says nothing about DANE.',
		limits: 'Whether the server refused anything: the message may not have been sent, or may ' +
			'still be in a queue on its way.',
	},
	'running': {
		title: 'mail is arriving, and we wait for the rest',
		shows: 'The messages marked as delivered have reached us, in the way shown.',
		limits: 'Anything about the messages that are missing: they may still be on their way.',
	},
	'dane': {
		title: 'the sending server verifies DANE',
		shows: 'It delivered to “do”, where the TLSA records match our certificate, and to “dont”, ' +
			'where there are none, but not to “wrong”, where they do not match. Only the TLSA ' +
			'records tell “wrong” from “dont”. A server that verifies DANE (RFC 7672) does just this.',
		limits: 'Whether the message to “wrong” was really sent: the verdict holds provided it was. ' +
			'A message that does not arrive is weaker evidence than one that does. Look in the queue ' +
			'or the log of the sending server: the message to “wrong” should be held back there ' +
			'because of the TLSA records.',
	},
	'dane-only': {
		title: 'only the domain with correct TLSA records has got its message',
		shows: 'The sending server delivers where the TLSA records match our certificate. It may be ' +
			'set up to deliver to no domain without DANE.',
		limits: 'Whether it is: perhaps the messages to “dont” and “wrong” were never sent. A ' +
			'message that does not arrive is weaker evidence than one that does, and without the one ' +
			'to “dont” there is nothing to compare “wrong” with. Look for both in the queue or the ' +
			'log of the sending server.',
	},
	'broken': {
		title: 'the domain with correct TLSA records has not got its message',
		shows: 'The sending server delivered to “dont”, where there are no TLSA records, and not to ' +
			'“do”: the same server and certificate, with TLSA records that match. A server that ' +
			'verifies DANE (RFC 7672) delivers to both.',
		limits: 'Why. Either the sending server, or the resolver it asks, fails on DANE that is ' +
			'correct, or the message to “do” was never sent. A message that does not arrive is weaker ' +
			'evidence than one that does: look for it in the queue or the log of the sending server.',
	},
	'no-dane': {
		title: 'the sending server does not enforce DANE',
		shows: 'It delivered to “wrong”, although the TLSA record published there does not match our ' +
			'certificate. A server that enforces DANE (RFC 7672) does not deliver there. This one ' +
			'delivery settles it.',
		limits: 'Whether it looks at TLSA records: it may check them, and deliver all the same.',
	},
	'no-tls': {
		title: 'the sending server delivers without TLS where DANE demands it',
		shows: 'A message came without TLS to a domain that publishes TLSA records. A server that ' +
			'enforces DANE (RFC 7672) never does that. The message could be read on its way.',
		limits: 'Whether the sending server ever uses TLS or looks at TLSA records: it may do both, ' +
			'and deliver all the same. Something on the way to us may also have taken TLS away.',
	},
};

/* In place of "running", when a message was offered to "wrong" and has not come. */
const OFFERED = {
	title: 'your server offered the message to “wrong”, and we wait for it',
	shows: 'A mail server got so far as to ask us to take the message to “wrong”. One that enforces ' +
		'DANE (RFC 7672) turns away before that.',
	limits: 'Why the message has not reached us yet: it may have been broken off half way, or wait in ' +
		'a queue, ours included.',
};

const PROBES = {
	'do': 'Signed zone, TLSA records that match our certificate.',
	'dont': 'Signed zone, no TLSA records.',
	'wrong': 'Signed zone, a TLSA record that does not match.',
};

const EXPECTATIONS = {
	'delivered': 'A server that verifies DANE delivers.',
	'not-delivered': 'A server that verifies DANE does not deliver.',
};

const OUTCOMES = {
	'waiting': 'Waiting',
	'delivered': 'Delivered',
	'not-delivered': 'Not delivered',
};

/* State */

let state;
let timer; // of the next poll

/* enter - replaces the state; alias is null for a test still to be created */
function enter(phase, alias) {
	clearTimeout(timer);
	state = {
		phase, // creating, refused (not created), loading, live, gone
		alias,
		test: null, // the last answer of the API ...
		etag: null, // ... its ETag ...
		asOf: null, // ... and when it was last known to be true
		asking: false, // a request is under way
		failures: 0, // in a row
		trouble: null, // {text, next}: next is the time of the next attempt or null
	};
	render(state);
	return state;
}

/* takeUp - the test in the fragment or, without one, a new test */
function takeUp() {
	const alias = location.hash.slice(1);

	if (alias)
		poll(enter('loading', alias));
	else
		create();
}

async function create() {
	const mine = enter('creating', null);
	const answer = await ask(API, { method: 'POST' });

	if (mine !== state)
		return;
	if (answer.error) {
		// No retry by itself: each attempt may create a test.
		mine.phase = 'refused';
		mine.trouble = { text: answer.error, next: null };
	} else {
		accept(mine, answer);
	}
	render(mine);
}

async function poll(mine) {
	clearTimeout(timer);
	if (mine.asking)
		return;
	mine.asking = true;
	const answer = await ask(`${API}/${encodeURIComponent(mine.alias)}`,
		{ headers: mine.etag ? { 'If-None-Match': mine.etag } : {} });
	mine.asking = false;
	if (mine !== state)
		return;
	if (isGone(mine, answer)) {
		mine.phase = 'gone';
		mine.trouble = null;
	} else if (answer.error) {
		postpone(mine, answer);
	} else {
		accept(mine, answer);
	}
	render(mine);
}

/* isGone - a test once seen is gone only when the service itself says so, not some other 404 */
function isGone(mine, answer) {
	return mine.test ? answer.status === 404 && answer.json : GONE.includes(answer.status);
}

/* accept - takes over an answer, arranges for the next one */
function accept(mine, answer) {
	if (answer.test) { // otherwise 304: nothing has changed
		mine.test = answer.test;
		mine.etag = answer.etag;
	}
	mine.phase = 'live';
	mine.alias = mine.test.alias;
	mine.asOf = new Date();
	mine.failures = 0;
	mine.trouble = null;
	if (location.hash !== `#${mine.alias}`) {
		// A test left for a new one stays reachable by the browser's Back.
		const keep = location.hash && answer.created;
		history[keep ? 'pushState' : 'replaceState'](null, '', `#${mine.alias}`);
	}
	schedule(mine, mine.test.poll_after > 0 ? mine.test.poll_after : POLL_DEFAULT);
}

/* postpone - after a failure: tries again, ever more slowly */
function postpone(mine, answer) {
	mine.failures++;
	const wait = Math.max(Math.min(2 ** mine.failures, BACKOFF_MAX), answer.retryAfter);
	mine.trouble = { text: answer.error, next: new Date(Date.now() + wait * 1000) };
	schedule(mine, wait);
}

function schedule(mine, seconds) {
	timer = setTimeout(poll, seconds * 1000, mine);
}

/* Requests */

/*
 * ask - one request to the API; never throws
 *
 * Returns {test, etag, created}, {test: null} for "not modified", or
 * {error, status, retryAfter} with status undefined when there was no answer.
 */
async function ask(url, options) {
	try {
		const response = await fetch(url,
			{ ...options, signal: AbortSignal.timeout(PATIENCE * 1000) });

		if (response.status === 304)
			return { test: null };
		if (!response.ok)
			return await refusal(response);
		const test = await response.json();
		if (!test.alias || !test.verdict || !Array.isArray(test.probes))
			throw new SyntaxError('not a test');
		return { test, etag: response.headers.get('ETag'), created: response.status === 201 };
	} catch (error) {
		return { error: describe(error), retryAfter: 0 };
	}
}

/* refusal - what an error answer says; nginx answers in HTML, then the number has to do */
async function refusal(response) {
	const json = /^application\/(problem\+)?json\b/.test(response.headers.get('Content-Type'));
	const problem = (json && await response.json().catch(() => null)) || {};
	const text = problem.detail || problem.title || response.statusText;

	return {
		error: `The server answered with error ${response.status}${text ? `: ${text}` : ''}`,
		status: response.status,
		json,
		retryAfter: retryAfter(response.headers.get('Retry-After')),
	};
}

/* retryAfter - seconds, from a number of seconds or a date; 0 without */
function retryAfter(value) {
	const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;

	return Math.min(Math.max(seconds || 0, 0), RETRY_AFTER_MAX);
}

function describe(error) {
	if (error.name === 'TimeoutError')
		return 'The server does not answer';
	if (error instanceof SyntaxError)
		return 'The server gave an answer that makes no sense';
	return 'The server cannot be reached';
}

/* Drawing */

const $ = (id) => document.getElementById(id);

/* setText - leaves an unchanged text alone, so that it is not announced again */
function setText(element, text) {
	if (element.textContent !== text)
		element.textContent = text;
}

function render({ phase, test, asOf, trouble }) {
	const live = phase === 'live';
	const current = live && !trouble;

	renderStatus(phase, test, trouble);
	$('new-test').hidden = !live && phase !== 'gone';
	$('test-line').hidden = !live;
	$('send').hidden = !live;
	$('result').hidden = !test;
	if (!test)
		return;
	$('result').dataset.current = current;
	$('as-of').hidden = current;
	setText($('as-of'), `Not current: this is how it stood on ${when(asOf)}.`);
	renderAddresses(test);
	renderVerdict(test);
	renderProbes(test, live);
}

function renderStatus(phase, test, trouble) {
	let kind = 'none';
	let text = '';
	let next = '';

	if (phase === 'gone') {
		kind = 'gone';
		text = test ? 'This test has expired or was deleted.'
			: 'There is no such test: it has expired, was deleted, or the link is wrong.';
		next = 'Mail to its addresses is no longer recorded. A new test gives you new addresses.';
	} else if (phase === 'refused') {
		kind = 'trouble';
		text = `No test could be created. ${trouble.text}.`;
	} else if (trouble) {
		kind = 'trouble';
		text = `${trouble.text}.`;
		next = `${test ? 'What is shown below is not current. ' : ''}` +
			`Next attempt at ${clock(trouble.next)}.`;
	} else if (phase !== 'live') {
		kind = 'busy';
		text = phase === 'creating' ? 'Getting addresses for you …' : 'Looking up the test …';
	}
	$('status').dataset.kind = kind;
	setText($('status-text'), text);
	setText($('status-next'), next);
	$('retry').hidden = !trouble;
}

function renderAddresses(test) {
	const addresses = test.probes.map((probe) => probe.address);
	const escaped = addresses.map((a) => encodeURIComponent(a).replace('%40', '@'));

	setText($('alias'), test.alias);
	setText($('expires'), when(test.expires));
	$('expires').dateTime = test.expires;
	if ($('all-addresses').textContent !== addresses.join(', ')) {
		$('all-addresses').replaceChildren(
			...addresses.flatMap((a, i) => [i ? ', ' : '', ...breakable(a)]));
	}
	$('mailto').href = `mailto:${escaped.join(',')}`;
}

function renderVerdict(test) {
	const { result, final } = test.verdict;
	const verdict = (result === 'running' && offeredInVain(test) ? OFFERED : VERDICTS[result]) ?? {
		title: `the verdict is “${result}”, which this page does not know`,
		shows: 'The service is newer than this page. Reload it.',
		limits: 'Anything that this page could explain.',
	};
	const soFar = final ? '' : ' so far';
	const title = final ? verdict.title[0].toUpperCase() + verdict.title.slice(1)
		: `So far: ${verdict.title}`;

	$('verdict').dataset.result = result;
	$('verdict').dataset.final = final;
	setText($('verdict-title'), title);
	setText($('shows-label'), `What this shows${soFar}:`);
	setText($('verdict-shows'), verdict.shows);
	setText($('limits-label'), `What it does not show${soFar}:`);
	setText($('verdict-limits'), verdict.limits);
	setText($('verdict-next'), next(test));
}

/* offeredInVain - whether a client got as far as offering a message that has not come */
function offeredInVain({ probes }) {
	return probes.some(({ offered, delivery }) => offered && !delivery);
}

/* next - how the verdict can still change */
function next(test) {
	const { verdict, counts_at: countsAt, final_at: finalAt } = test;

	if (verdict.result === 'running' && offeredInVain(test))
		return 'The verdict stays open until that message arrives. If your server has given it up, ' +
			'start a new test.';
	if (verdict.final)
		return 'This verdict is final: waiting longer is not expected to change it. ' +
			'A message that does come later still counts.';
	if (!finalAt)
		return 'This page brings itself up to date.';
	const until = `The verdict is final on ${when(finalAt)}, if nothing more arrives.`;
	if (verdict.result === 'running')
		return `What is missing at ${clock(countsAt)} counts as not delivered so far. ${until}`;
	return `This can still change, as servers try again after 5 to 15 minutes. ${until}`;
}

/* renderProbes - live: whether the addresses are still good for anything */
function renderProbes(test, live) {
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
		const part = (name) => element.querySelector(`.${name}`);
		part('actions').hidden = !live;
		element.dataset.outcome = probe.outcome;
		element.dataset.pass = lacksTls(probe) || (probe.offered && !probe.delivery) ? false : probe.pass;
		setText(part('outcome'), outcomeText(probe, test.verdict.final));
		part('delivery').hidden = !probe.delivery;
		if (probe.delivery) {
			setText(part('received'), when(probe.delivery.received));
			setText(part('transport'), transportText(probe.delivery));
			setText(part('client'), clientText(probe.delivery.client));
		}
	}
}

/* newProbe - the parts that do not change */
function newProbe({ probe, address, expect }) {
	const element = $('probe-template').content.firstElementChild.cloneNode(true);
	const part = (name) => element.querySelector(`.${name}`);

	element.dataset.probe = probe;
	setText(part('name'), probe);
	setText(part('setup'), `${PROBES[probe] ?? ''} ${EXPECTATIONS[expect] ?? ''}`.trim());
	part('address').append(...breakable(address));
	part('copy').setAttribute('aria-label', `Copy the address at ${probe}`);
	part('copy').addEventListener('click', () => copy(part('address'), part('note')));
	return element;
}

/* lacksTls - delivered to "do", as expected, but in a way that no DANE client may (RFC 7672, 2.2) */
function lacksTls({ probe, delivery }) {
	return probe === 'do' && delivery?.transport === 'clear';
}

function outcomeText(probe, final) {
	const { outcome, pass } = probe;
	const text = OUTCOMES[outcome] ?? outcome;
	const soFar = outcome === 'not-delivered' && !final ? ' so far' : '';

	if (probe.offered && !probe.delivery)
		return `${text}: your server offered the message on ${when(probe.offered)}, ` +
			'which is not what a server that verifies DANE does';
	if (lacksTls(probe))
		return `${text}, but without TLS, which is not what a server that verifies DANE does`;
	if (typeof pass !== 'boolean')
		return text + soFar;
	return `${text}${soFar}, ` + (pass ? 'as expected of a server that verifies DANE'
		: 'which is not what a server that verifies DANE does');
}

function transportText({ transport, tls }) {
	if (transport === 'clear')
		return 'without TLS';
	if (transport !== 'tls')
		return 'unknown whether TLS was used';
	return `${tls?.protocol ?? 'TLS, version unknown'}, ${tls?.cipher ?? 'cipher unknown'}`;
}

function clientText(client) {
	return `${client?.address ?? 'unknown address'} (${client?.helo ?? 'no name known'})`;
}

/* breakable - an address that may be broken after the @; its text stays as it is */
function breakable(address) {
	const at = address.indexOf('@') + 1;

	return [address.slice(0, at), document.createElement('wbr'), address.slice(at)];
}

/* when, clock - in the visitor's zone, which is named: logs are compared with it */
function when(time) {
	return new Date(time).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'long' });
}

function clock(time) {
	return new Date(time).toLocaleTimeString('en-GB', { timeStyle: 'long' });
}

/* Copying */

/* copy - the text of an element; it is left selected where the browser does not let us copy */
async function copy(element, note) {
	let copied = true;

	try {
		await navigator.clipboard.writeText(element.textContent);
	} catch { // refused, or plain http, where there is no navigator.clipboard
		getSelection().selectAllChildren(element);
		copied = document.execCommand('copy');
	}
	setText(note, copied ? 'Copied' : 'Selected: copy it with Ctrl+C or ⌘C');
	setTimeout(setText, 5000, note, '');
}

/* Start */

$('new-test').addEventListener('click', create);
$('copy-all').addEventListener('click',
	() => copy($('all-addresses'), $('copy-all').nextElementSibling));
$('retry').addEventListener('click', () => {
	if (state.phase === 'refused')
		create();
	else
		poll(state);
});
addEventListener('hashchange', takeUp);
addEventListener('online', () => {
	if (state.trouble && state.phase !== 'refused')
		poll(state);
});
takeUp();
