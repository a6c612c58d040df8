/*
 * config - the configuration file: INI, every key in one table (config.c)
 */
#ifndef HD_CONFIG_H
#define HD_CONFIG_H

#include <stdint.h>

#include "error.h"

enum {
	/* "_25._tcp." and a probe's label must still fit before it (RFC 1035: 253) */
	HD_DOMAIN_SIZE = 228,
	HD_PATH_SIZE = 1024,
	HD_SOCKET_PATH_SIZE = 108, /* sun_path, unix(7) */
	HD_GROUP_SIZE = 33,
	HD_CONNINFO_SIZE = 1024
};

enum hd_backend { HD_BACKEND_SQLITE, HD_BACKEND_POSTGRESQL };

/* Strings are never NULL, "" where a key may be empty. Durations: milliseconds. */
struct hd_config {
	char domain[HD_DOMAIN_SIZE]; /* lower case, no final dot */
	enum hd_backend backend;
	char store_path[HD_PATH_SIZE];
	char conninfo[HD_CONNINFO_SIZE];
	char fastcgi_socket[HD_SOCKET_PATH_SIZE];
	int64_t threads;
	char fastcgi_group[HD_GROUP_SIZE];
	char postfix_socket[HD_SOCKET_PATH_SIZE];
	char postfix_group[HD_GROUP_SIZE];
	int64_t retention;
	int64_t grace;
	int64_t settle;
	int64_t limit;
};

/*
 * hd_config_load - read and check a whole configuration file
 *
 * HD_OK: *config is filled, absent keys have their defaults. HD_CONFIG: the
 * file is missing, unreadable or wrong; logged with file and line, *config is
 * untouched. HD_NO_MEMORY.
 */
enum hd_error hd_config_load(const char *file, struct hd_config *config);

#endif
