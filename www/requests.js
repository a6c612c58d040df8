/* Requests to the API of HaveDANE. None of them throws; the server's clock comes along. */

const API = '/api/tests';
const PATIENCE = 20; // seconds until a request counts as unanswered
const RETRY_AFTER_MAX = 3600; // seconds; a server that asks for more is not believed

let ahead = 0; // milliseconds that the server's clock is ahead of ours

/* now - the server's time, in milliseconds, as its last answer told it */
export function now() {
	return Date.now() + ahead;
}

export function createTest() {
	return ask(API, { method: 'POST' });
}

/* getTest - an answer about another test is none */
export async function getTest(alias, etag) {
	const answer = await ask(urlOf(alias), { headers: etag ? { 'If-None-Match': etag } : {} });

	return answer.test && answer.test.alias !== alias.toLowerCase()
		? { error: 'trouble.nonsense', retryAfter: 0 } : answer;
}

export function deleteTest(alias) {
	return ask(urlOf(alias), { method: 'DELETE' });
}

/* urlOf - the fragment may hold anything: it is one segment of a path, whatever it is */
export function urlOf(alias) {
	return `${API}/${encodeURIComponent(alias)}`;
}

/*
 * ask - one request
 *
 * Returns {test, etag, created}; {test: null} where the answer has none (not
 * modified, deleted); or {error, text, status, json, retryAfter}: error is a
 * key of the language file, text the server's own words, status undefined when
 * there was no answer.
 */
async function ask(url, options) {
	try {
		// Not from a cache, where a proxy's answer may be kept: browsers keep 410 for ever.
		const response = await fetch(url,
			{ ...options, cache: 'no-store', signal: AbortSignal.timeout(PATIENCE * 1000) });

		setClock(response.headers.get('Date'));
		if (response.status === 304 || response.status === 204)
			return { test: null };
		if (!response.ok)
			return await refusal(response);
		const test = await response.json();
		if (!test?.alias || !test.verdict?.result || !test.probes?.length)
			throw new SyntaxError('not a test');
		return { test, etag: response.headers.get('ETag'), created: response.status === 201 };
	} catch (error) {
		return { error: describe(error), retryAfter: 0 };
	}
}

/* setClock - Date has whole seconds, cut off: half of one is the best guess at the rest */
function setClock(date) {
	const time = Date.parse(date);

	if (!Number.isNaN(time))
		ahead = time + 500 - Date.now();
}

/* refusal - what an error answer says; nginx answers in HTML, then the number has to do */
async function refusal(response) {
	const json = /^application\/(problem\+)?json\b/.test(response.headers.get('Content-Type'));
	const problem = (json && await response.json().catch(() => null)) || {};

	return {
		error: 'trouble.status',
		text: problem.detail || problem.title || response.statusText,
		status: response.status,
		json,
		retryAfter: retryAfter(response.headers.get('Retry-After')),
	};
}

/* retryAfter - seconds, from a number of seconds or a date; 0 without */
function retryAfter(value) {
	const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - now()) / 1000;

	return Math.min(Math.max(seconds || 0, 0), RETRY_AFTER_MAX);
}

function describe(error) {
	if (error.name === 'TimeoutError')
		return 'trouble.silent';
	if (error instanceof SyntaxError)
		return 'trouble.nonsense';
	return 'trouble.unreachable';
}
