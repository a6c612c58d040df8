#include "sqlite_db.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

enum hd_error
hd_sqlite_error(sqlite3 *db, int code, const char *what)
{
	const char *file = db == NULL ? "SQLite" : sqlite3_db_filename(db, "main");

	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		hd_warning("%s: %s: %s", file, what, hd_strerror(HD_BUSY));
		return HD_BUSY;
	case SQLITE_NOMEM:
		hd_error("%s: %s: out of memory", file, what);
		return HD_NO_MEMORY;
	default:
		hd_error("%s: %s: %s (SQLite %d)", file, what,
		    db == NULL ? sqlite3_errstr(code) : sqlite3_errmsg(db), code);
		return HD_STORE;
	}
}

enum hd_error
hd_sqlite_exec(sqlite3 *db, const char *sql)
{
	int code = sqlite3_exec(db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? HD_OK : hd_sqlite_error(db, code, sql);
}

enum hd_error
hd_sqlite_number(sqlite3 *db, const char *sql, sqlite3_int64 *number)
{
	sqlite3_stmt *statement = NULL;
	enum hd_error error = HD_OK;
	int code;

	code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*number = sqlite3_column_int64(statement, 0);
	else
		error = hd_sqlite_error(db, code, sql);
	(void)sqlite3_finalize(statement); /* repeats the error of step */
	return error;
}

/* Made by root it would shut out the user that the hook and the service run as. */
static enum hd_error
give_to_folder_owner(int fd, const char *path)
{
	char copy[HD_PATH_SIZE];
	struct stat folder;

	if (geteuid() != 0)
		return HD_OK;
	if (strlen(path) >= sizeof(copy)) {
		hd_error("%s: the path is too long", path);
		return HD_STORE;
	}
	strcpy(copy, path);
	if (stat(dirname(copy), &folder) != 0 || fchown(fd, folder.st_uid, folder.st_gid) != 0) {
		hd_error("%s: cannot give it the owner of its folder: %s", path, strerror(errno));
		return HD_STORE;
	}
	return HD_OK;
}

static enum hd_error
create_file(const char *path)
{
	enum hd_error error;
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 && errno == EEXIST)
		return HD_OK;
	if (fd < 0) {
		hd_error("%s: cannot create the database: %s", path, strerror(errno));
		return HD_STORE;
	}
	error = give_to_folder_owner(fd, path);
	(void)close(fd);
	if (error != HD_OK)
		(void)unlink(path);
	return error;
}

/* Before the first statement: nothing in a damaged or planted schema may act. */
static enum hd_error
harden(sqlite3 *db)
{
	static const struct {
		int option;
		int value;
	} options[] = {
	    {SQLITE_DBCONFIG_DEFENSIVE, 1},
	    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
	    {SQLITE_DBCONFIG_DQS_DML, 0},
	    {SQLITE_DBCONFIG_DQS_DDL, 0},
	    {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
	    {SQLITE_DBCONFIG_ENABLE_TRIGGER, 1},
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		int code = sqlite3_db_config(db, options[i].option, options[i].value, NULL);

		if (code != SQLITE_OK)
			return hd_sqlite_error(db, code, "sqlite3_db_config");
	}
	return HD_OK;
}

static enum hd_error
configure(sqlite3 *db, const struct hd_store_options *options)
{
	enum hd_error error;
	int code = sqlite3_busy_timeout(db, options->wait);

	if (code != SQLITE_OK)
		return hd_sqlite_error(db, code, "sqlite3_busy_timeout");
	error = harden(db);
	if (error != HD_OK)
		return error;
	/* What a visitor deletes is overwritten, not only unlinked. */
	error = hd_sqlite_exec(db, "PRAGMA secure_delete = ON");
	if (error != HD_OK)
		return error;
	return hd_sqlite_exec(
	    db, options->durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
}

enum hd_error
hd_sqlite_open(const struct hd_store_options *options, sqlite3 **db)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	enum hd_error error = HD_OK;
	int code;

	*db = NULL;
	if (options->access == HD_STORE_CREATE)
		error = create_file(options->path);
	if (error != HD_OK)
		return error;
	code = sqlite3_open_v2(options->path, db, flags, NULL);
	if (code != SQLITE_OK) {
		error = hd_sqlite_error(NULL, code, options->path);
		if (error == HD_STORE)
			hd_error("is there a database? \"havedane init\" makes one");
	} else if (sqlite3_db_readonly(*db, "main") != 0) {
		/* SQLite falls back to reading only, silently. */
		hd_error("%s: this user may not write the database", options->path);
		error = HD_STORE;
	} else
		error = configure(*db, options);
	if (error != HD_OK) {
		(void)sqlite3_close(*db);
		*db = NULL;
	}
	return error;
}
