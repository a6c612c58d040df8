/*
 * Many handles on one database at once, in several threads of several processes:
 * nothing is lost, nobody sees an error, and it ends.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store.h"
#include "store_support.h"

#define CREATED INT64_C(1795446000000)

enum { PROCESSES = 4, WRITERS = 3, POLLERS = 2, TESTS_EACH = 10, LIMIT = 100000 };
enum { DEADLINE = 120 }; /* seconds until SIGALRM ends what hangs */

/* A writer makes tests first, first + 1, ... and records a message to each probe. */
struct writer {
	const char *path;
	unsigned first;
	bool durable;
	bool good; /* out: every call gave what it should */
};

static enum hd_error
open_for(const char *path, bool durable, struct hd_store **store)
{
	const struct hd_store_options options = {.backend = HD_BACKEND_SQLITE,
	    .path = path,
	    .access = HD_STORE_USE,
	    .durable = durable,
	    .wait = LONG_WAIT};

	return hd_store_open(&options, store);
}

static bool
write_one(struct hd_store *store, unsigned number)
{
	struct hd_evidence tls = evidence(HD_TRANSPORT_TLS, "mail");
	struct hd_test test;
	char alias[HD_ALIAS_SIZE];

	numbered_alias(number, alias);
	if (hd_store_test_create(store, alias, CREATED, LIMIT) != HD_OK)
		return false;
	for (int i = 0; i < HD_PROBE_COUNT; i++) {
		if (hd_store_delivery_record(
			store, alias, 0, (enum hd_probe_id)i, CREATED + number, &tls) != HD_OK)
			return false;
	}
	if (hd_store_test_get(store, alias, 0, &test) != HD_OK)
		return false;
	for (int i = 0; i < HD_PROBE_COUNT; i++) {
		if (!test.deliveries[i].delivered ||
		    test.deliveries[i].received != CREATED + number)
			return false;
	}
	return true;
}

static void *
run_writer(void *argument)
{
	struct writer *writer = argument;
	struct hd_store *store = NULL;

	writer->good = open_for(writer->path, writer->durable, &store) == HD_OK;
	for (unsigned i = 0; writer->good && i < TESTS_EACH; i++)
		writer->good = write_one(store, writer->first + i);
	hd_store_close(store);
	return NULL;
}

struct poller {
	const char *path;
	atomic_bool *stop;
	unsigned polls;  /* out */
	unsigned errors; /* out */
};

/* Deliveries are recorded in the order of the probes: no later one without an earlier one. */
static bool
is_consistent(const struct hd_test *test)
{
	for (int i = 1; i < HD_PROBE_COUNT; i++) {
		if (test->deliveries[i].delivered && !test->deliveries[i - 1].delivered)
			return false;
	}
	return true;
}

static void *
run_poller(void *argument)
{
	struct poller *poller = argument;
	struct hd_store *store = NULL;
	struct hd_test test;
	char alias[HD_ALIAS_SIZE];

	if (open_for(poller->path, false, &store) != HD_OK)
		poller->errors++;
	while (poller->errors == 0 && !atomic_load(poller->stop)) {
		int64_t count = 0;
		enum hd_error error;

		numbered_alias(poller->polls++ % (TESTS_EACH * WRITERS), alias);
		error = hd_store_test_get(store, alias, 0, &test);
		if (error != HD_NONE && (error != HD_OK || !is_consistent(&test)))
			poller->errors++;
		if (hd_store_count(store, &count) != HD_OK)
			poller->errors++;
	}
	hd_store_close(store);
	return NULL;
}

/* write_in_threads - run WRITERS writers; whether all of them were content */
static bool
write_in_threads(const char *path, unsigned first)
{
	pthread_t threads[WRITERS];
	struct writer writers[WRITERS];
	bool good = true;

	for (unsigned i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){
		    .path = path, .first = first + i * TESTS_EACH, .durable = i == 0};
		if (pthread_create(&threads[i], NULL, run_writer, &writers[i]) != 0)
			abort();
	}
	for (unsigned i = 0; i < WRITERS; i++) {
		(void)pthread_join(threads[i], NULL);
		good = good && writers[i].good;
	}
	return good;
}

static void
check_all_there(const char *path, unsigned tests)
{
	check_int("no test is lost", raw_number(path, "SELECT count(*) FROM tests"), tests);
	check_int("no delivery is lost", raw_number(path, "SELECT count(*) FROM deliveries"),
	    tests * HD_PROBE_COUNT);
	check_int("each arrived at every probe",
	    raw_number(path, "SELECT count(*) FROM results WHERE \"do\" AND dont AND wrong"),
	    tests);
	check_sound(path);
}

static void
threads_write_while_others_poll(void **state)
{
	const char *path = temp_path("a.db");
	pthread_t threads[POLLERS];
	struct poller pollers[POLLERS];
	atomic_bool stop = false;
	bool good;

	(void)state;
	(void)alarm(DEADLINE);
	hd_store_close(new_store(path));
	for (unsigned i = 0; i < POLLERS; i++) {
		pollers[i] = (struct poller){.path = path, .stop = &stop};
		assert_int_equal(pthread_create(&threads[i], NULL, run_poller, &pollers[i]), 0);
	}
	good = write_in_threads(path, 0);
	atomic_store(&stop, true);
	for (unsigned i = 0; i < POLLERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	check_true("every writer got what it wanted", good);
	for (unsigned i = 0; i < POLLERS; i++) {
		check_int("no poller saw an error", pollers[i].errors, 0);
		check_true("each polled", pollers[i].polls > 0);
	}
	check_all_there(path, WRITERS * TESTS_EACH);
	(void)alarm(0);
}

/* What a child does; its result is the child's exit status. */
typedef int job(const char *path, unsigned child);

/* run_at_once - a job in several children, which wait for one byte each before they begin */
static void
run_at_once(job *run, const char *path)
{
	static const char go[PROCESSES] = {0};
	pid_t children[PROCESSES];
	int gate[2], status[PROCESSES];

	assert_int_equal(pipe(gate), 0);
	for (unsigned i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0) {
			char byte;

			(void)alarm(DEADLINE);
			_exit(read(gate[0], &byte, 1) == 1 ? run(path, i) : 99);
		}
	}
	assert_int_equal(write(gate[1], go, sizeof(go)), sizeof(go));
	(void)close(gate[0]);
	(void)close(gate[1]);
	for (unsigned i = 0; i < PROCESSES; i++)
		assert_int_equal(waitpid(children[i], &status[i], 0), children[i]);
	for (unsigned i = 0; i < PROCESSES; i++) {
		check_true("a child ends by itself", WIFEXITED(status[i]));
		check_int("and got what it wanted", WEXITSTATUS(status[i]), HD_OK);
	}
}

static int
write_as_child(const char *path, unsigned child)
{
	return write_in_threads(path, child * WRITERS * TESTS_EACH) ? HD_OK : HD_STORE;
}

static void
processes_write_at_once(void **state)
{
	const char *path = temp_path("a.db");

	(void)state;
	(void)alarm(DEADLINE);
	hd_store_close(new_store(path));
	run_at_once(write_as_child, path);
	check_all_there(path, PROCESSES * WRITERS * TESTS_EACH);
	(void)alarm(0);
}

static int
create_as_child(const char *path, unsigned child)
{
	struct hd_store *store = NULL;
	enum hd_error error = try_open(path, HD_STORE_CREATE, LONG_WAIT, &store);
	char alias[HD_ALIAS_SIZE];

	numbered_alias(child, alias);
	if (error == HD_OK)
		error = hd_store_test_create(store, alias, CREATED, LIMIT);
	hd_store_close(store);
	return (int)error;
}

static void
many_may_create_the_database(void **state)
{
	(void)state;
	(void)alarm(DEADLINE);
	for (unsigned i = 0; i < 10; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "%u.db", i);
		run_at_once(create_as_child, temp_path(name));
		check_int("all wrote into the same one",
		    raw_number(temp_path(name), "SELECT count(*) FROM tests"), PROCESSES);
		check_sound(temp_path(name));
	}
	(void)alarm(0);
}

struct racer {
	const char *path;
	char alias[HD_ALIAS_SIZE];
	enum hd_error error; /* out */
};

static void *
race_to_create(void *argument)
{
	struct racer *racer = argument;
	struct hd_store *store = NULL;

	racer->error = open_for(racer->path, false, &store);
	if (racer->error == HD_OK)
		racer->error = hd_store_test_create(store, racer->alias, CREATED, 5);
	hd_store_close(store);
	return NULL;
}

/* race - eight threads create the same test, or one each; how many of them got this */
static unsigned
race(const char *path, bool same_alias, enum hd_error wanted)
{
	struct racer racers[8];
	pthread_t threads[8];
	unsigned count = 0;

	for (unsigned i = 0; i < 8; i++) {
		racers[i].path = path;
		numbered_alias(same_alias ? 0 : 1 + i, racers[i].alias);
		assert_int_equal(pthread_create(&threads[i], NULL, race_to_create, &racers[i]), 0);
	}
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		count += racers[i].error == wanted;
	}
	return count;
}

static void
one_of_many_gets_an_alias(void **state)
{
	const char *path = temp_path("a.db");

	(void)state;
	(void)alarm(DEADLINE);
	hd_store_close(new_store(path));
	check_int("seven of eight find it taken", race(path, true, HD_EXISTS), 7);
	check_int("four places are left for eight", race(path, false, HD_FULL), 4);
	check_int("the limit is kept", raw_number(path, "SELECT count(*) FROM tests"), 5);
	check_sound(path);
	(void)alarm(0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(threads_write_while_others_poll),
	    UNIT_TEST(processes_write_at_once),
	    UNIT_TEST(one_of_many_gets_an_alias),
	    UNIT_TEST(many_may_create_the_database),
	};

	return RUN_TESTS(tests);
}
