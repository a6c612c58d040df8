/* check: whether Postfix has room for messages, by its own rule (smtpd(8): 452) */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "check.h"

enum { WELL = 10, MEGABYTE = 1024 * 1024 }; /* so many times what is needed is plenty */

/* needed - bytes that must be free, or nobody's MAIL is taken; of the most demanding service */
static double
needed(const struct hd_check *check)
{
	double most = 0;

	for (size_t i = 0; i < check->view.count; i++) {
		const struct hd_postfix_service *service = &check->view.services[i];
		const double floor =
		    strtod(hd_postfix_view_at(&check->view, service, "queue_minfree", true), NULL);
		const double message = 1.5 * strtod(hd_postfix_view_at(&check->view, service,
							"message_size_limit", true),
						 NULL);

		if (service->role != HD_POSTFIX_TAKE)
			continue;
		most = most > floor ? most : floor;
		most = most > message ? most : message;
	}
	return most;
}

void
hd_check_space_queue(struct hd_check *check)
{
	const char *queue = hd_postfix_view_at(&check->view, NULL, "queue_directory", true);
	enum hd_check_status status = HD_CHECK_OK;
	const double want = needed(check);
	struct statvfs space;
	double there;

	if (statvfs(queue, &space) != 0) {
		hd_check_list_add(
		    &check->list, HD_CHECK_UNKNOWN, "postfix.space", queue, "%s", strerror(errno));
		return;
	}
	there = (double)space.f_bavail * (double)space.f_frsize;
	if (there <= want || (space.f_files > 0 && space.f_favail == 0))
		status = HD_CHECK_FAILURE;
	else if (there < WELL * want)
		status = HD_CHECK_WARNING;
	hd_check_list_add(&check->list, status, "postfix.space", queue,
	    "%.0f MB and %llu files free; below %.1f MB (queue_minfree, 1.5 times "
	    "message_size_limit) senders get 452, of which nothing is recorded",
	    there / MEGABYTE, (unsigned long long)space.f_favail, want / MEGABYTE);
	if (status != HD_CHECK_OK)
		hd_check_list_mend(&check->list,
		    "make room on this file system: df -h %s; df -i %s; postconf queue_minfree "
		    "message_size_limit",
		    queue, queue);
}
