/*
 * cert_folder - the certificates' folder: what is in it, and whether it is sound
 *
 * For cert.c, which reads it, and cert_create.c, which fills it.
 */
#ifndef HD_CERT_FOLDER_H
#define HD_CERT_FOLDER_H

#include <sys/types.h>

#include "error.h"

/* In the order in which they are put there. */
enum hd_cert_file {
	HD_CERT_FILE_CA_KEY,
	HD_CERT_FILE_CA,
	HD_CERT_FILE_SERVER_KEY,
	HD_CERT_FILE_SERVER,
	HD_CERT_FILE_COUNT
};

extern const struct hd_cert_file_row {
	const char *name;
	const char *temporary; /* while it is written */
	mode_t mode;
} hd_cert_files[HD_CERT_FILE_COUNT];

struct hd_cert_folder {
	const char *name; /* borrowed; for messages */
	int fd;
};

/* hd_cert_folder_open - folder->fd is the caller's, for close(2); HD_CONFIG: missing; HD_IO */
enum hd_error hd_cert_folder_open(const char *name, struct hd_cert_folder *folder);

/*
 * hd_cert_folder_check - whether all four files are sound and belong together
 *
 * HD_OK. HD_CONFIG: they are not (logged). HD_IO.
 */
enum hd_error hd_cert_folder_check(const struct hd_cert_folder *folder, const char *domain);

/* hd_cert_folder_failed - log "FOLDER/FILE: cannot WHAT: errno's reason"; always HD_IO */
enum hd_error hd_cert_folder_failed(
    const struct hd_cert_folder *folder, const char *what, const char *file);

#endif
