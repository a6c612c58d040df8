/*
 * admin - the sysadmin's tool, "havedane"
 */
#ifndef HD_ADMIN_H
#define HD_ADMIN_H

/*
 * hd_admin_main - main() of havedane: [-c CONF] COMMAND [options]
 *
 * Results go to standard output, all or nothing; whatever went wrong, to
 * standard error. Returns the exit status (hd_error_exit_code), which is that
 * of HD_IO when standard output does not take the result.
 */
int hd_admin_main(int argc, char **argv);

#endif
