/*
 * The page of HaveDANE: one test, shown live.
 *
 * There is one state, replaced as a whole when another test is taken up, and
 * render() draws the page from it. Requests that end after their state was
 * replaced change nothing.
 */

import { createTest, deleteTest, getTest, now } from './requests.js';
import { clearCopied, copyElement, copyText } from './copy.js';
import { $, setText } from './dom.js';
import { preferred, remember, use } from './language.js';
import { forget, keep } from './own_tests.js';
import { resultText } from './result_text.js';
import { render, tick } from './view.js';

const BACKOFF_MAX = 60; // seconds
const POLL_DEFAULT = 5; // seconds, should poll_after be missing
const POLL_HIDDEN = 60; // seconds at least, while nobody looks
const LATE = 5000; // milliseconds from which on a missing answer makes what is shown stale

// Answers that say "there is no such test": 414 comes from nginx when the fragment is endless.
const GONE = [400, 404, 410, 414];

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
		asOf: null, // ... and when it was last known to be true, by the server's clock
		due: null, // when the next answer is to be asked for
		stale: false, // nobody has asked for too long: suspended, or hidden
		asking: false, // a request is under way
		failures: 0, // in a row
		trouble: null, // {error, text, status, next}: next is the time of the next attempt or null
		undeleted: null, // the same of a deletion that failed; stays until it is tried again
		deleted: false, // by us
		told: null, // what was announced already
	};
	setText($('news'), '');
	clearCopied();
	render(state);
	return state;
}

/* takeUp - the test in the fragment or, without one, a new test */
function takeUp() {
	const alias = location.hash.slice(1);

	if (!alias)
		create();
	else if (alias !== state?.alias)
		poll(enter('loading', alias));
}

/* follow - a link to another test; it may be gone from the page with the focus on it */
function follow() {
	takeUp();
	$('top').focus();
}

async function create() {
	const mine = enter('creating', null);
	const answer = await createTest();

	if (mine !== state)
		return;
	if (answer.error) {
		// No retry by itself: each attempt may create a test.
		mine.phase = 'refused';
		mine.trouble = { ...answer, next: null };
	} else {
		accept(mine, answer);
	}
	render(mine);
}

async function poll(mine) {
	clearTimeout(timer);
	if (mine.asking || mine.phase === 'gone')
		return;
	mine.asking = true;
	const answer = await getTest(mine.alias, mine.etag);
	mine.asking = false;
	if (mine !== state || mine.phase === 'gone')
		return;
	if (isGone(mine, answer))
		leave(mine);
	else if (answer.error)
		postpone(mine, answer);
	else
		accept(mine, answer);
	render(mine);
}

/* isGone - a test once seen is gone only when the service itself says so, not some other 404 */
function isGone(mine, answer) {
	return mine.test ? answer.status === 404 && answer.json : GONE.includes(answer.status);
}

/* leave - there is nothing more to ask for */
function leave(mine) {
	clearTimeout(timer);
	mine.phase = 'gone';
	mine.trouble = null;
	mine.stale = false;
	forget(mine.alias, now());
}

/* accept - takes over an answer, arranges for the next one */
function accept(mine, answer) {
	if (answer.test) { // otherwise 304: nothing has changed
		mine.test = answer.test;
		mine.etag = answer.etag;
	}
	mine.phase = 'live';
	mine.alias = mine.test.alias;
	mine.asOf = now();
	mine.failures = 0;
	mine.trouble = null;
	mine.stale = false;
	if (location.hash !== `#${mine.alias}`) {
		// A test left for a new one stays reachable by the browser's Back.
		const keepOld = location.hash && answer.created;
		history[keepOld ? 'pushState' : 'replaceState'](null, '', `#${mine.alias}`);
	}
	keep(mine.test, now());
	schedule(mine, mine.test.poll_after > 0 ? mine.test.poll_after : POLL_DEFAULT);
}

/* postpone - after a failure: tries again, ever more slowly */
function postpone(mine, answer) {
	mine.failures++;
	const wait = Math.max(Math.min(2 ** mine.failures, BACKOFF_MAX), answer.retryAfter);
	mine.trouble = { ...answer, next: Date.now() + wait * 1000 };
	schedule(mine, wait);
}

function schedule(mine, seconds) {
	const wait = document.hidden ? Math.max(seconds, POLL_HIDDEN) : seconds;

	mine.due = Date.now() + seconds * 1000;
	timer = setTimeout(poll, wait * 1000, mine);
}

/* second - the clocks; notices when the computer slept, and nobody asked for news */
function second() {
	if (!document.hidden && state.phase === 'live' && !state.trouble && isLate())
		lookAgain();
	tick(state);
}

function isLate() {
	return Date.now() > state.due + LATE;
}

/* lookAgain - asks at once; says so, if what is shown is old */
function lookAgain() {
	state.stale = isLate();
	render(state);
	poll(state);
}

/* recover - tries at once what failed, but for what may create a test */
function recover() {
	if (state.trouble && state.phase !== 'refused')
		poll(state);
}

/* Deleting */

async function remove() {
	const mine = state;

	if (await confirmed() !== 'delete' || mine !== state)
		return;
	mine.undeleted = null;
	const answer = await deleteTest(mine.alias);
	if (mine !== state)
		return;
	if (answer.error && answer.status !== 404) {
		mine.undeleted = { ...answer, error: 'delete.failed' };
	} else {
		mine.deleted = true;
		leave(mine);
	}
	render(mine);
	$(mine.deleted ? 'new-test' : 'delete').focus();
}

/* confirmed - the value of the button that closed the dialog; empty for Escape */
function confirmed() {
	const dialog = $('delete-dialog');

	dialog.returnValue = '';
	dialog.showModal();
	return new Promise((resolve) => {
		dialog.addEventListener('close', () => resolve(dialog.returnValue), { once: true });
	});
}

/* Languages */

async function speak(language) {
	try {
		await use(language);
	} catch { // the language in use, if there is one, stays
		$('no-language').hidden = false;
		return false;
	}
	$('no-language').hidden = true;
	setText($('news'), '');
	render(state);
	return true;
}

/* Start */

/* startOver - by a button that goes away with the old test: the focus moves on to the new one */
async function startOver() {
	await create();
	$(state.phase === 'live' ? 'send-title' : 'retry').focus();
}

/* retry - the same, for the button of the trouble that is to go away */
async function retry() {
	if (state.phase === 'refused')
		return startOver();
	await poll(state);
	if (!state.trouble)
		$(state.test ? 'result-title' : 'new-test').focus();
}

/* noteIn - where the buttons beside a button tell that they did their work */
function noteIn(button) {
	return button.parentElement.querySelector('.note');
}

const clicks = {
	'new-test': startOver,
	'delete': remove,
	'retry': retry,
	'copy-all': ({ target }) => copyElement($('all-addresses'), noteIn(target)),
	'copy-text': ({ target }) =>
		copyText(resultText(state.test, state.asOf, location.href), noteIn(target)),
	'copy-json': ({ target }) => {
		const as_of = new Date(state.asOf).toISOString();
		copyText(`${JSON.stringify({ as_of, ...state.test }, null, 2)}\n`, noteIn(target));
	},
};

for (const [id, handler] of Object.entries(clicks))
	$(id).addEventListener('click', handler);
for (const button of document.querySelectorAll('#languages button')) {
	button.addEventListener('click', async () => {
		if (await speak(button.lang))
			remember(button.lang);
	});
}
$('own-tests').addEventListener('click', ({ target }) => {
	// A test that was to give way to a new one, which could not be had: its fragment is still there.
	if (target.hash && target.hash === location.hash)
		follow();
});
addEventListener('hashchange', follow);
addEventListener('online', recover);
document.addEventListener('visibilitychange', () => {
	// A poll that was put off while hidden is made up for.
	if (!document.hidden)
		(state.phase === 'live' ? lookAgain : recover)();
});
takeUp(); // asks for the test while the language is on its way
speak(preferred());
setInterval(second, 1000);
