/*
 * reconciler/look.h - what is there: each resource is looked at, in processes of their own (lookers.h).
 */
#pragma once

struct engine;
struct error;

/*
 * Do the folders of the instances that are to be declared answer? Each is declared on trial, in another process. One that
 * does not end is `wrong`, and nothing else of it is touched. -1: one is.
 */
int look_at_folders(struct engine *e, struct error *err);
/*
 * Looks at each resource, after those that it needs: at what is host-wide first, then at the instances, several at
 * once where there are many or where they are asked. What cannot be looked at is not known to be absent: it is
 * `wrong`, and so is what needs it. All are tried; -1 with the first. An instance that was declared from records
 * and whose lima.yaml is another one now is `reread`; -1 then, too.
 */
int look_at_all(struct engine *e, struct error *err);
