/*
 * cli/plan/plan_words.h - the command line of a plan: into its file, and out of it.
 *
 * What is wanted is said once, by `plan`; `apply FILE` reads the same texts by the same words. Values that a lima.yaml calls
 * secret are not kept: parameters are given again, and any other word that has one cannot be.
 */
#pragma once

struct cJSON;
struct cli;
struct error;

/* Adds "words", "secret_params" and "cwd". The specs have been read, so that c->secrets is known. */
int plan_words_keep(struct cli *c, struct cJSON *body, struct error *err);
/*
 * The flags and arguments of `body` become those of this command, which has not been told otherwise. In the folder that
 * they were given in: `*back` is where the program was, for plan_words_return().
 */
int plan_words_take(struct cli *c, const struct cJSON *body, int *back, struct error *err);
int plan_words_return(int back, struct error *err);
