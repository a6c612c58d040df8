/* The tests of this browser, kept in its own storage until they expire. */

const STORED = 'havedane.tests';
const MOST = 20;

/* ownTests - [{alias, created, expires, result, final}], newest first, expired ones left out */
export function ownTests(time) {
	try {
		const tests = JSON.parse(localStorage.getItem(STORED) ?? '[]');

		return tests.filter((test) => /^[a-z2-7]{16}$/.test(test.alias) &&
			Date.parse(test.expires) > time);
	} catch { // switched off, or something else wrote there
		return [];
	}
}

/* keep - a test as it stands now */
export function keep({ alias, created, expires, verdict: { result, final } }, time) {
	const others = ownTests(time).filter((test) => test.alias !== alias);

	store([{ alias, created, expires, result, final }, ...others]
		.sort((a, b) => Date.parse(b.created) - Date.parse(a.created)).slice(0, MOST));
}

export function forget(alias, time) {
	store(ownTests(time).filter((test) => test.alias !== alias));
}

function store(tests) {
	try {
		localStorage.setItem(STORED, JSON.stringify(tests));
	} catch { /* switched off or full: the list is a convenience */ }
}
