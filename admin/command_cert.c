#include "cert.h"
#include "command.h"
#include "option.h"

enum hd_error
hd_command_cert(struct hd_call *call)
{
	const char *dir = call->options[CERT_DIR];
	enum hd_error error;
	int days;

	error = hd_option_number("days", call->options[CERT_DAYS], 1, HD_CERT_DAYS_MAX, &days);
	if (error != HD_OK)
		return error;
	error = hd_cert_create(dir, call->config.domain, days);
	if (error == HD_OK)
		(void)fprintf(call->out,
		    "%s: " HD_CERT_CA_KEY ", " HD_CERT_CA ", " HD_CERT_SERVER_KEY
		    " and " HD_CERT_SERVER " created\n",
		    dir);
	else if (error == HD_EXISTS) {
		(void)fprintf(call->out, "%s: is complete and sound; nothing was changed\n", dir);
		error = HD_OK;
	}
	return error;
}
