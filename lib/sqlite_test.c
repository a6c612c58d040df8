#include "sqlite_test.h"

#include <string.h>

void
hd_sqlite_copy_text(sqlite3_stmt *statement, int column, char *to, size_t size)
{
	const unsigned char *text = sqlite3_column_text(statement, column);
	size_t length = text == NULL ? 0 : strlen((const char *)text);

	if (length >= size)
		length = size - 1;
	if (length > 0)
		memcpy(to, text, length);
	to[length] = '\0';
}

static enum hd_transport
transport_from(const char *name)
{
	unsigned i = 0;

	while (i < HD_TRANSPORT_COUNT && strcmp(hd_transport_name((enum hd_transport)i), name) != 0)
		i++;
	return i < HD_TRANSPORT_COUNT ? (enum hd_transport)i : HD_TRANSPORT_UNKNOWN;
}

static void
read_delivery(sqlite3_stmt *row, struct hd_delivery *delivery)
{
	char transport[8];

	delivery->delivered = true;
	delivery->received = sqlite3_column_int64(row, 4);
	hd_sqlite_copy_text(row, 5, transport, sizeof(transport));
	delivery->evidence.transport = transport_from(transport);
	hd_sqlite_copy_text(row, 6, delivery->evidence.tls_protocol, HD_TLS_PROTOCOL_SIZE);
	hd_sqlite_copy_text(row, 7, delivery->evidence.tls_cipher, HD_TLS_CIPHER_SIZE);
	hd_sqlite_copy_text(row, 8, delivery->evidence.client_address, HD_CLIENT_ADDRESS_SIZE);
	hd_sqlite_copy_text(row, 9, delivery->evidence.client_helo, HD_CLIENT_HELO_SIZE);
}

/* A row of TEST_GET; a probe we do not know is passed over. */
static void
read_row(sqlite3_stmt *row, struct hd_test *test)
{
	char name[HD_PROBE_NAME_MAX + 1];
	enum hd_probe_id probe;

	test->created = sqlite3_column_int64(row, 0);
	test->service_started = sqlite3_column_int64(row, 1);
	hd_sqlite_copy_text(row, 2, name, sizeof(name));
	if (!hd_probe_find(name, strlen(name), &probe))
		return;
	if (sqlite3_column_type(row, 3) != SQLITE_NULL)
		test->offered[probe] = sqlite3_column_int64(row, 3);
	else
		read_delivery(row, &test->deliveries[probe]);
}

enum hd_error
hd_sqlite_read_test(
    struct hd_sqlite *sqlite, const char *alias, int64_t expired, struct hd_test *test)
{
	enum hd_error error;
	bool found = false;

	memset(test, 0, sizeof(*test));
	error = hd_sqlite_start(
	    sqlite, TEST_GET, BIND(TEXT(":alias", alias), NUMBER(":expired", expired)));
	if (error != HD_OK)
		return error;
	while ((error = hd_sqlite_step(sqlite, TEST_GET)) == HD_OK) {
		found = true;
		read_row(sqlite->prepared[TEST_GET], test);
	}
	hd_sqlite_reset(sqlite, TEST_GET);
	if (error != HD_NONE)
		return error;
	strcpy(test->alias, alias);
	return found ? HD_OK : HD_NONE;
}
