/* state/desired/yaml/yaml_problem.h - libyaml as both readers open it, and what it complains of in the words of people. */
#pragma once
#include <stdbool.h>
#include <yaml.h>

/* false: there is no memory */
bool yaml_open(yaml_parser_t *y, const char *text, size_t len);
/* What is wrong, and where, from 0. A text that libyaml has words for alone stays as it is. */
const char *yaml_problem(const yaml_parser_t *y, const char *text, size_t len, size_t *line, size_t *col);
