#include <inttypes.h>
#include <sys/stat.h>

#include "clock.h"
#include "command.h"
#include "log.h"

enum { LOCK_WAIT = 5000 }; /* milliseconds */

enum hd_error
hd_command_open(const struct hd_call *call, enum hd_store_access access, struct hd_store **store)
{
	const struct hd_store_options options = {
	    .backend = call->config.backend,
	    .path = call->config.store_path,
	    .access = access,
	    .durable = true,
	    .wait = LOCK_WAIT,
	};

	return hd_store_open(&options, store);
}

enum hd_error
hd_command_init(struct hd_call *call)
{
	const char *path = call->config.store_path;
	struct hd_store *store;
	struct stat status;
	/* An empty file is what a creation leaves that was cut short. */
	bool empty = stat(path, &status) != 0 || status.st_size == 0;
	enum hd_error error = hd_command_open(call, HD_STORE_CREATE, &store);

	if (error != HD_OK)
		return error;
	hd_store_close(store);
	(void)fprintf(call->out, "%s: %s\n", path, empty ? "created" : "is there and sound");
	return HD_OK;
}

enum hd_error
hd_command_purge(struct hd_call *call)
{
	const int64_t expired = hd_time_now() - call->config.retention;
	struct hd_store *store;
	int64_t batch = 0, purged = 0;
	enum hd_error error = hd_command_open(call, HD_STORE_USE, &store);

	if (error != HD_OK)
		return error;
	do {
		error = hd_store_purge(store, expired, NULL, NULL, &batch);
		purged += batch;
	} while (error == HD_OK && batch == HD_STORE_PURGE_BATCH);
	hd_store_close(store);
	if (error != HD_OK) {
		hd_error("purge: stopped after %" PRId64 " tests: %s", purged, hd_strerror(error));
		return error;
	}
	(void)fprintf(
	    call->out, "%" PRId64 " expired %s deleted\n", purged, purged == 1 ? "test" : "tests");
	return HD_OK;
}
