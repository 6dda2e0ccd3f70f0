/*
 * base/programs.h - who brings the programs that we run: one table, for whoever finds one missing.
 *
 * Everything that starts a program tells of one that is not there by program_missing(), so that it is told alike
 * wherever it is run. tests/unit/base/test_programs.c holds the table against the sources.
 */
#pragma once

struct error;

/* The Debian package with a program, which may be given by its path; NULL: it is not one that limactl knows. Static. */
const char *program_package(const char *program);
/* "PROGRAM: no such program (Debian package PACKAGE)", ENOENT. -1 */
int program_missing(const char *program, struct error *err);
/* The same where the user names the program ($SSH): with the package of the `usual` one. -1 */
int program_missing_as(const char *program, const char *usual, struct error *err);
