"""The expressions that are compared: for every document the general ones; for single documents what people write."""
import os, random

general = r'''
.
..
...
keys
length
to_entries
.. | select(tag == "!!str")
[.. | select(kind == "scalar")]
.. | path
... | select(is_key) | tag
[.. | kind] | unique
.. style=""
.. style="double"
.. style="flow"
... comments=""
sort_keys(..)
explode(.)
del(.a)
.a
.new.key = "value"
. * {"added": {"x": [1, 2]}}
. *+ {"b": ["more"]}
with_entries(select(.key != "a"))
.. |= select(. != null)
[.[] | tag]
.[0]
.[-1]
map(.)
map_values(.)
. as $x | $x
@json
@yaml
to_yaml
to_json(0)
line
.. | line_comment
head_comment
foot_comment
[..|anchor]
tag
kind
. | has("a")
.b[0]
.[] | key
select(.a == 1)
(.. | select(tag == "!!int")) += 1
(.. | select(tag == "!!str")) |= upcase
pick(["a", "b"])
omit(["a"])
.a line_comment="noted"
.b head_comment="above"
. head_comment="top"
.[] | select(kind == "map") | keys
.a // "none"
.a.b.c
.a.b.c = 1
.["a"]
.a |= . + 1
.a += 1
'''.strip().split("\n")

json_general = [".", ".a", "..", "keys", ".[]", "[.]", "{\"w\": .}"]

special = {}


def s(doc, text):
    special.setdefault(doc, []).extend(t for t in text.strip("\n").split("\n") if t)


s("lima", r'''
.cpus
.cpus = 4
.memory = "8GiB"
.cpus = 4 | .memory = "8GiB"
.cpus = 4, .memory = "8GiB"
.mounts[0].writable = true
.mounts[1].location
.mounts[] | .location
.mounts[].location
.mounts += [{"location": "/x", "writable": false}]
.mounts |= map(select(.writable == true))
.mounts[] |= (select(.location == "/tmp/lima") | .writable = false)
del(.mounts[] | select(.location == "~"))
del(.mounts[0])
del(.mounts[-1])
del(.images[1], .mounts)
del(.images[].digest)
.images[] | select(.arch == "aarch64") | .location
(.images[] | select(.arch == "x86_64") | .digest) = "sha256:ffff"
.images[] |= select(.arch == "x86_64")
.images = [.images[] | select(.arch == "x86_64")]
.images |= sort_by(.arch)
.provision[] | select(.mode == "user") | .script
with(.provision[]; select(.mode == "user") | .script = "x")
with(.provision[] | select(.mode == "system"); .script |= sub("one", "three"))
.provision[] |= select(.mode == "user")
.provision += {"mode": "boot", "script": "true"}
.provision = [{"mode": "boot", "script": "a\nb\n"}] + .provision
.env.NEW = "x"
.env += {"A": "1"}
.env |= with_entries(.key |= downcase)
.env | to_entries | map(.key + "=" + .value) | .[]
.env | keys | join(",")
.ssh.localPort = 60022
.ssh * {"forwardAgent": true}
.portForwards += [{"guestPort": 80, "hostPort": 8080}]
.arch // "default"
.nothing // "default"
.images | length
.images[0] | keys
.images[0] | del(.digest)
.mounts | to_entries | map(.key)
[.images[].arch]
[.images[] | {"l": .location, "a": .arch}]
{"c": .cpus, "m": .memory}
.memory | test("GiB$")
.memory | sub("GiB", "")
.memory | sub("([0-9]+)GiB", "${1}G")
.memory | capture("(?P<n>[0-9]+)(?P<u>.*)")
.memory | match("[0-9]+")
.images[].location | split("/") | .[-1]
.images[].location | select(test("b.img"))
.images | map(.location) | join(" ")
.provision | group_by(.mode) | length
.cpus * 2
.cpus + 1
.cpus - 1
.cpus / 2
.cpus % 2
.cpus > 1
.cpus >= 2 and .memory == "2GiB"
.cpus < 1 or true
(.cpus == 2) | not
.disk | length
.provision[0].script | split("\n") | length
"\(.cpus) cpus and \(.memory)"
.. | select(tag == "!!bool")
[.. | select(tag == "!!bool") | path | join(".")]
.. | select(has("location")) | .location
.images[0] as $i | .mounts[0].location = $i.location
.mounts as $m | .copy = $m
.cpus as $c | .images[] | .cpus = $c
.images[] as $i ireduce ({}; .[$i.arch] = $i.location)
.images[] as $i ireduce (0; . + 1)
.mounts[0] * .mounts[1]
.mounts[0] *n .mounts[1]
. *d {"mounts": [{"writable": true}]}
. * {"mounts": [{"writable": true}]}
. *+ {"mounts": [{"location": "/y"}]}
. *? {"cpus": 8, "other": 1}
. *n {"cpus": 8, "other": 1}
. *nd {"mounts": [{"mountPoint": "/z"}]}
.mounts[0] | parent | length
.mounts[0].location | path
.mounts[0].location | path | .[-1]
.mounts[1].writable | key
.images[] | line
.images[] | column
.cpus | line
.provision[0].script | line
.memory | line_comment
.cpus | head_comment
.images | head_comment
.images[0] | head_comment
.cpus line_comment="changed"
.cpus head_comment="more\nlines"
.cpus foot_comment="below"
.memory style="single"
.memory style=""
.images style="flow"
.images[0] style="flow"
.provision[0].script style="double"
.provision[0].script style="folded"
.env | to_props
.env | @json
.env | @yaml
.env | to_json
.env | to_json(4)
.images | to_yaml(4)
.images | @csv
.images | .[] | [.location, .arch] | @csv
.images | .[] | [.location, .arch] | @tsv
.cpus | to_string
.cpus | tag
.memory | tag
.mounts | tag
.mounts | kind
.cpus tag = "!!str"
.cpus style = "double"
.memory |= . + "!"
.memory |= to_number
.cpus |= to_string
.cpus |= . * 2
.cpus |= . + 0.5
.mounts |= reverse
.mounts |= first
.mounts |= unique_by(.location)
.mounts | any_c(.writable == true)
.mounts | all_c(.writable == true)
.mounts | map(has("writable"))
.mounts | first(.writable == true)
.mounts | filter(.writable == true)
.mounts | map(.location) | sort
.mounts | map(.location) | contains(["~"])
.cpus |= select(. > 10)
select(.cpus > 1) | .memory
select(.cpus > 10)
.. |= (select(tag == "!!str") | sub("example", "test"))
.images[].location |= sub("https", "http")
.images[].location |= . + "?x=1"
.["cpus"] = 3
.["new key"] = 3
."cpus"
."new-key" = 1
.new-key = 1
.a-b.c_d.e1 = true
.x[2] = "third"
.x[0].y[1] = "deep"
setpath(["a", "b", 0]; 5)
delpaths([["cpus"], ["mounts", 0]])
.images | pivot
.images | map(.arch) | @sh
.images[0].arch | @sh
.images[0].location | @uri
.images[0].location | @base64
.cpus as $x | [1, 2, 3] | map(. + $x)
.images | map({"name": .arch, "url": .location})
[.images[] | .arch] | unique | length
.images[0] | to_entries | from_entries
.images[0] | with_entries(select(.key == "arch"))
.images[0] | with_entries(.value |= "x")
.env | map_values(. + "x")
.env.EMPTY | length
.env.EMPTY == ""
.nothing == null
.nothing | length
.nothing[0]
.nothing[]
.nothing.x.y // "q"
.provision[] | select(.script == "*two*") | .mode
.provision[] | select(.script | contains("one")) | .mode
.images[] | select(.arch == "x86*") | .arch
.images[] | select(.arch != "x86_64") | .arch
.images.[0].arch
.images.[].arch
.images | .[0], .[1] | .arch
.images | .[1:]
.images | .[:1]
.images | .[0:1] | length
.images | .[-1:]
.mounts.[1:]
.ssh | select(.localPort == 0) | .localPort = 22
.ssh.localPort |= (. // 5)
eval(".cpus")
.expr = "cpus" | .[.expr]
.cpus ref $x | $x = 10
(.cpus, .ssh.localPort) = 9
(.cpus, .ssh.localPort) |= . + 1
.cpus = (.mounts | length)
.total = ([.images[].arch] | length)
.list = [.cpus, .memory]
.map = {"cpus": .cpus}
.copy = .ssh
.copy = .images[0] | .copy.arch = "changed"
. | .cpus
.cpus | . as $x | $x
split_doc
[.] | .[0].cpus
.. | select(. == "system")
.. | select(. == "*GiB")
... | select(. == "cpus")
(... | select(. == "cpus")) = "processors"
.provision[0].script | trim
.env.KEY | upcase
.env.KEY | downcase
.memory | to_number
.cpus | to_number
filename
file_index
document_index
.cpus | document_index
error("stopped")
.cpus | error("no " + (. | tostring))
.cpus as $c
.[
.cpus |
(.cpus
.cpus)
{"a": .cpus
if .cpus then 1 else 2 end
.images[] | if .arch then 1 end
def f: 1; f
.cpus == 2 == true
.cpus + "x"
"x" + .cpus
.memory + .cpus
.mounts + .images | length
.mounts - [{"location": "~"}]
.ssh + .env
.images + {"location": "z"}
.ssh - .env
.memory - "x"
.memory * 2
.images * 2
.mounts / 2
"a,b" / ","
''')
s("comments", r'''
.a | line_comment
.a | head_comment
.b | head_comment
.b | line_comment
.b.c | head_comment
.b.c | foot_comment
.b.d | head_comment
.b.d | line_comment
.b | foot_comment
.e | foot_comment
.e[1] | head_comment
.f | foot_comment
. | head_comment
. | foot_comment
.a = 5
.b.c = 9
.b.new = 1
.e += "z"
.e |= reverse
.e[0] = "w"
del(.a)
del(.b.c)
del(.b.d)
del(.e[0])
del(.e)
.b
.e
.b.d
.a line_comment=""
.a head_comment=""
.. line_comment=""
.. head_comment=""
.. foot_comment=""
... comments=""
.a comments="all of them"
.b line_comment="on a map"
.e line_comment="on a list"
.e[0] line_comment |= . + "!"
.. line_comment |= upcase
.a line_comment = (.f | upcase)
.f head_comment="one\ntwo"
.f foot_comment="after"
. foot_comment="the very end"
. head_comment="the very top"
(.a | key) head_comment="on the key"
.b |= sort_keys(.)
sort_keys(.)
.z = .a
.z = .b
.b * {"c": 7}
.b *= {"q": 8}
.b += {"q": 8}
to_entries
with_entries(.)
with_entries(.value |= .)
[.a, .b.c]
{"x": .a, "y": .b}
.e | map(.)
.e[] |= . + "1"
.e | .[0]
.e | first
.b | keys
.b | to_yaml
.b | @json
.b style="flow"
.e style="flow"
... | select(line_comment == "behind*") | path
[... | head_comment] | map(select(. != ""))
[... | line_comment] | map(select(. != ""))
[... | foot_comment] | map(select(. != ""))
''')
s("anchors", r'''
.copy
.copy.name
.derived.name
.derived.size
.derived.tags[0]
.more.extra
.more.name
.derived | keys
.derived | length
.derived | to_entries | length
.base | anchor
.copy | alias
.again | alias
.again
.again | kind
.copy | kind
.copy | tag
.list[1].k
.list[1] | explode(.)
explode(.)
explode(.copy)
explode(.derived)
explode(.more)
explode(.list)
.base.size = 10
.copy.size = 10
.derived.size = 10
.derived.name = "own"
.base anchor = "renamed"
.scalar anchor = ""
.new anchor = "n"
.new = "v" | .new anchor = "n"
.again alias = "base"
.derived.<<
.derived["<<"]
.derived["<<"] alias = "s"
del(.derived.<<)
del(.base)
del(.copy)
.. | select(anchor == "base")
[.. | select(kind == "alias") | path]
[.. | anchor] | map(select(. != ""))
... | select(tag == "!!merge")
.copy = .derived
.derived * .base
.base * {"size": 9}
.derived *= {"x": 1}
. * {"copy": {"y": 2}}
.list[0] * .list[1]
.base == .copy
.scalar == .again
.scalar + .again
.again |= . + "x"
.copy | to_json(0)
.derived | @json
@json
to_entries | .[1]
.more | .own
.derived | has("name")
.derived | pick(["size", "name"])
.derived.[]
.derived[]
[.derived[]]
.derived | map_values(tag)
with(.derived; .size = 4 | .q = 1)
''')
s("numbers", r'''
.int + 1
.int - 50
.int * 2
.int / 4
.int % 5
.int + .float
.float * 2
.float + 1
.float - 3.14
.float / 0
.int / 0
.int % 0
.neg % 3
.neg / 2
.exp + 1
.small * 10
.big * 1000
.big * .big
.huge + 1
.hex + 1
.hex * 2
.hex - 1
.hex == 31
.octal + 1
.old + 1
.under + 1
.inf
.inf + 1
.nan == .nan
.text + 1
.text * 2
.int + .text
.text | to_number
.text |= to_number
.text | tag
.plus + 1
.dot + .dot
.. | select(tag == "!!int")
.. | select(tag == "!!float")
map_values(tag)
to_json
to_json(0)
[.[] | tag] | unique
.int > .neg
.int < .float
.int == 42
.int == "42"
.int == 42.0
.hex > 30
.exp > 999
[.int, .neg, .zero] | sort
[.int, .neg, .zero, .float] | min
[.int, .neg, .zero, .float] | max
[.int, .float, .text] | sort
.int | to_string
.float | to_string
.int = 43
.int |= . + 1
.hex |= . + 1
.hex = 0x20
.float = 1.50
.new = 1e5
.new = 1.5e3
.new = -3
.new = 007
.int tag = "!!float"
.int style = "single"
.int | length
.zero // "zero"
.int as $x | $x * $x
10 - 3
10 -3
10 - -3
2 * 3 + 4
2 + 3 * 4
(2 + 3) * 4
10 / 4 / 2
7 % 4
1.5 + 1.5
0.1 + 0.2
1e3 + 1
100000000000000000000 + 1
9223372036854775807 + 1
1 == 1.0
"a" * 3
3 * "a"
1 + "a"
1 - "a"
''')
s("strings", r'''
.plain | upcase
.plain | length
.unicode | length
.unicode | upcase
.unicode | downcase
.plain | split(" ")
.plain | split("")
.unicode | split("")
.csv | split(",") | join(";")
.csv | split(",") | length
.path | split(":")
.plain | test("^hello")
.plain | test("HELLO")
.plain | test("(?i)HELLO")
.plain | match("o")
.plain | match("o"; "g")
[.plain | match("o"; "g") | .offset]
.plain | match("(h)(e)(?P<x>l)")
.plain | capture("(?P<a>h.)(?P<b>.)")
.plain | sub("o", "0")
.plain | sub("(l+)", "[$1]")
.plain | sub("(?P<w>w\w+)", "<${w}>")
.plain | sub("l", "")
.plain | sub("^", ">")
.plain | sub("$", "<")
.plain | sub("x*", "-")
.plain | sub("[aeiou]", "_")
.path | sub("/", "\\")
.single | sub("'", "\"")
.plain | contains("lo w")
.plain | contains("xyz")
.space | trim
.space |= trim
.plain == "hello*"
.plain == "*world"
.plain == "h?llo world"
.plain != "x*"
.literal | split("\n")
.literal | length
.keep | length
.folded
.folded | length
.literal |= . + "line three\n"
.literal |= sub("two", "2")
.plain = "a\nb"
.plain = "a\nb\n"
.plain = "trailing "
.plain = " leading"
.plain = "# hash"
.plain = "a: b"
.plain = "- x"
.plain = "true"
.plain = "123"
.plain = "null"
.plain = "~"
.plain = "yes"
.plain = "on"
.plain = ""
.plain = "2001-01-01"
.plain = "0x1F"
.plain = "1e3"
.plain = "\t"
.plain = "a\tb"
.plain = "é"
.plain = "a\\b"
.plain = "a\"b"
.plain = "it's"
.plain = "@x"
.plain = "%x"
.plain = "`x"
.plain = "!x"
.plain = "&x"
.plain = "*x"
.plain = "{x"
.plain = "[x"
.plain = "x]"
.plain = "a, b"
.plain = "a #b"
.plain = "a:b"
.plain = "a:"
.plain = ":a"
.plain = "?a"
.plain = "? a"
.plain = "-a"
.plain = "---"
.plain = "..."
.plain = "=x"
.plain = "<<"
.plain = "1:30"
.plain = "a\u00e9"
.plain style = "double"
.plain style = "single"
.plain style = "literal"
.plain style = "folded"
.literal style = "folded"
.literal style = "double"
.literal style = ""
.folded style = "literal"
.double style = "single"
.unicode style = "double"
.empty style = "single"
.looks_num style = ""
.looks_bool style = ""
.looks_bool | tag
.. | select(style == "double")
[.. | style] | unique
.plain + " and " + .csv
.plain + 1
.plain + null
.plain + true
"\(.plain)!"
"\(.nothing)!"
"a\(1 + 2)b"
"\(.csv | split(",") | length) parts"
"[\(.plain | upcase)]"
"\\(.plain)"
"no \( unclosed"
.plain | @base64
.plain | @base64 | @base64d
.plain | @uri
.plain | @sh
.single | @sh
.unicode | @uri
.plain | @json
.plain | @yaml
.literal | @json
.literal | to_yaml
.csv | @csv
.plain | to_string
.plain | tag
."multi word key"
.["multi word key"]
.["multi word key"] = "no"
keys | join(" ")
[.[] | length] | max
map_values(upcase)
map_values(sub("a", "A"))
.plain | . as $p | "\($p) \($p)"
.path | test("(bin|lib)$")
.path | [match("[a-z]+"; "g").string]
.plain | [match("\w+"; "g") | .string] | length
.upper | sub("(?i)case", "x")
.plain | sub("\s+", "-")
.plain | test("(")
.plain | test("a{2,1}")
.plain | test("(?=x)")
.plain | test("(?<!x)o")
.plain | test("(o)\1")
.plain | sub("o", "$0$0")
.plain | sub("(o)", "${1}1")
.plain | sub("(o)", "$1x")
.plain | sub("o", "$$")
.plain | match("zzz")
.plain | match("(z)?h")
.int | test("x")
''')
s("bools", r'''
.t and .f
.t or .f
.t | not
.y and true
.y | tag
.y == true
.t == true
.t == "true"
.f // "alt"
.n1 // "alt"
.n2 // .n3 // "alt"
.t // "alt"
.n1 == null
.n1 == .n2
.n1 | tag
.n3 | tag
.n1 + 1
.n1 + "a"
null + 1
.T | tag
.T and .t
.F | not
[.[] | not]
[.t, .f] | any
[.t, .f] | all
[] | any
[] | all
.[] | select(. == true)
.[] | select(.)
map_values(. == true)
.t = "false"
.f = false
.f |= not
.n1 = 1
.n2.x = 1
.n3[0] = 1
.n1 |= . // "d"
to_json(0)
.t tag = "!!str"
.y tag = "!!bool"
.t and .nothing
.nothing or .t
.nothing | not
true and null
(.t, .f) | not
.t == .f
.t != .f
1 and 0
"" and true
''')
s("dates", r'''
.d
.d | tag
.t | tag
.z | tag
.t + "1h"
.t - "24h"
.d + "48h"
.t + "90m30s"
.t | format_datetime("Monday, 02-Jan-06 at 3:04PM MST")
.t | format_datetime("2006-01-02")
.t | format_datetime("2006")
.t | format_datetime("15:04:05")
.t | format_datetime("Jan _2 2006")
.d | format_datetime("02/01/06")
.t | to_unix
.u | from_unix | tz("UTC")
.t | tz("America/New_York")
.t | tz("Asia/Tokyo")
.t | tz("Europe/Paris")
.t | tz("Nowhere/Land")
.t |= tz("Australia/Sydney")
.z | tz("UTC")
.t > .d
.d < .t
.t == .t
.list | sort
.list | max
.list | min
.s | with_dtf("Monday, 02-Jan-06 at 3:04PM MST"; . + "3h")
.s |= with_dtf("Monday, 02-Jan-06 at 3:04PM MST"; . + "3h1m")
.s | with_dtf("Monday, 02-Jan-06 at 3:04PM MST"; tz("Australia/Sydney"))
.s | with_dtf("Monday, 02-Jan-06 at 3:04PM MST"; format_datetime("2006-01-02"))
.s | with_dtf("Monday, 02-Jan-06 at 3:04PM MST"; to_unix)
.d | with_dtf("2006-01-02"; . + "24h")
.t + "x"
"2001-13-45" | to_unix
"2001-12-15T02:59:43Z" | to_unix
"2001-12-15T02:59:43+05:30" | to_unix
"2001-12-15T02:59:43.5Z" | format_datetime("15:04:05.000")
"2001-12-15T02:59:43+05:30" | tz("UTC")
0 | from_unix | tz("UTC")
1.5 | from_unix | tz("UTC")
.d = "2020-02-02"
map_values(tag)
.list[] | format_datetime("2006-01")
.list | map(format_datetime("01/02"))
''')
s("people", r'''
.[].name
.[] | select(.age > 25) | .name
map(.name)
map(.age) | sort
map(select(.age > 20)) | length
sort_by(.age)
sort_by(.name)
sort_by(.name, .age)
sort_by(.address.city)
group_by(.name)
group_by(.name) | map({"name": .[0].name, "n": length})
unique_by(.name)
map(.name) | unique
[.[] | .name] | unique | sort
.[] | [.name, .age]
.[] | {"n": .name}
map({"n": .name, "a": .age})
map(.age = 1)
map(del(.tags))
.[] |= del(.address)
map(has("address"))
map(.tags | length)
.[] | .tags[]
[.[].tags[]] | unique
map(.tags) | flatten
map(select(.tags | contains(["x"]))) | map(.name)
.[0] * .[2]
.[0].address * .[1].address
.[] as $p ireduce (0; . + $p.age)
.[] as $p ireduce ({}; .[$p.name] = $p.age)
(.[] | select(.name == "Bob")).age = 99
(.[] | select(.name == "Bob") | .age) |= . + 1
.[] |= (select(.name == "Bob") | .age = 1)
with(.[]; .age |= . + 1)
with(.[] | select(.name == "Alice"); .city = .address.city)
del(.[] | select(.name == "Bob"))
del(.[1:])
del(.[0, 2])
first
first(.age > 30)
.[1:3] | map(.name)
.[:2]
.[2:]
.[-2:]
.[1:-1] | length
reverse | map(.name)
to_entries | map(.key)
.[] | key
.[] | path
.. | select(.city?) | .city
.. | select(has("city")) | .city
map(.address.city // "none")
map(.address.zip)
.[] | .address.zip | tag
map(.name + " " + (.age | tostring))
map(.name + " " + (.age | to_string))
map(.name) | join(", ")
.[] | "\(.name) is \(.age)"
any_c(.age > 30)
all_c(.age > 30)
map(.age) | max
map(.age) | min
filter(.age > 25) | length
pick([0, 2]) | length
omit([0]) | length
.[0] | pick(["name", "age"])
.[0] | omit(["tags"])
.[0] | keys
.[0] | to_entries
.[0] | with_entries(select(.value | tag == "!!int"))
.[0] | map_values(tag)
.[] | select(.name == "B*") | .age
.[] | select(.name | test("^[AC]")) | .name
.[] | select(.tags[0] == "x") | .name
.[] | select(.tags | length == 0) | .name
.[] | select(.address) | .name
map([.name, .age])
map([.name, .age]) | @csv
map({"name": .name, "age": .age}) | @csv
map({"name": .name, "age": .age}) | @tsv
map([.name, .age]) | pivot
map({"name": .name, "age": .age}) | pivot
.[0] | @json
.[0] | to_props
. + [{"name": "Dan"}]
. + {"name": "Dan"}
. - [.[0]]
.[4] = {"name": "New"}
.[5].name = "Gap"
.[1] = "gone"
.[-1].name = "Last"
.[0].tags += "new"
.[0].tags |= . + ["new"]
.[].tags |= sort
.[0].tags - ["x"]
.[0].address | sort_keys(.)
sort_keys(..)
.[] | line
.[2] | line
.[1].address.city | column
[.[] | select(.age == 30 or .age == 20)] | length
[.[] | select(.age > 20 and .age < 35) | .name]
.[] | select(.name == "Bob" and .age == 30) | .tags
.[0].name as $n | map(select(.name == $n)) | length
map(.age) | map(. * 2) | map(select(. > 50))
[.[] | .age] | sort | reverse
.[0].tags | index("x")
map(.age) | add
.[] | select(.age >= 30) | .name | upcase
map(.name | downcase)
map(select(.name == "Alice")) | .[0].age
array_to_map
.[0].tags | array_to_map
map(.tags) | .[] | length
split_doc
.[] | split_doc
.[] | select(.age == 25) | parent | length
.[1].address.city | parent | parent | .name
.[1].address.city | parents | length
.[1].address.city | parent(2) | .name
''')
s("nested", r'''
.a.b.c.d[0].e
.a.b.c.d[1].f
.a.b.c.d[1].f | flatten
.a.b.c.d[1].f | flatten(1)
.a..
.a | .. | select(tag == "!!int")
.. | select(has("e"))
.a.*.c
.a.b*.c.d
.a.b.c.d[].e
[.a.b.c.d[].e]
.a.b.c.d[0].e | path
.a.b.c.d[0].e | path | join("/")
.a.b.c.d[0].e | parent | keys
.a.b.c.d[1].f[1][1][0]
.a.b.c.d[1].f[1][1][0] = 9
.a.b.c.g | parents | length
del(.a.b)
del(.a.b.c.d[0])
del(.. | select(has("e")))
del(..)
.a.b |= . * {"new": 1}
.a.b.c.d += [{"e": 3}]
.a.b2.c.d = .a.b.c.g
.a | keys
.a | to_entries | .[].key
[.. | path | length] | max
.. | select(kind == "seq") | length
with(.a.b.c; .g = "x" | .h = "y")
.a.b.c.d | map(.e)
.a.b.c.d | map(has("f"))
sort_keys(..)
.a.b2 style="flow"
.a.b2 style=""
(.. | select(kind == "map")) style="flow"
(.. | select(kind == "seq")) style=""
[..]| length
[...] | length
setpath(["a", "b", "c", "g"]; "set")
delpaths([["a", "b", "c", "d", 0]])
.a.b.c.d[1] | to_entries
.a.b.c as $c | $c.g
.a["b"]["c"]["g"]
.a."b".c
.a.["b"].c.g
.a | .["b", "b2"]
.a[]
.a[][]
.a.b.c[]
''')
s("lists", r'''
.ints | sort
.ints | unique
.ints | unique | sort
.ints | reverse
.ints | length
.ints | max
.ints | min
.ints | first
.ints | .[-1]
.ints | .[10]
.ints | .[-10]
.ints[0]
.ints[0, 2]
.ints[]
.ints[1:3]
.ints | .[1:3]
.ints | .[:2]
.ints | .[3:]
.ints | map(. + 1)
.ints[] |= . * 2
.ints + [9]
.ints + 9
.ints - [1]
.ints - [1, 3]
.ints += 4
.ints -= [3]
.ints | contains([1])
.ints | contains([7])
.ints | any_c(. > 2)
.ints | all_c(. > 0)
.ints | select(contains([2]))
.ints | join("-")
.ints | map(select(. > 1))
.ints | filter(. > 1)
.ints[] as $x ireduce (0; . + $x)
.ints[] as $x ireduce (1; . * $x)
.ints | to_entries
.ints | keys
.ints | has(2)
.ints | has(9)
.ints | array_to_map
.ints | @json
.ints | @csv
.ints | @tsv
.ints | to_yaml
.ints style=""
.words | sort
.words | unique
.words | group_by(.)
.words | group_by(length)
.words | sort_by(length)
.words | map(upcase)
.words | join(" ")
.words | contains(["app"])
.words | contains(["fig"])
.words[] | select(. == "a*")
.words | map(select(test("e")))
.words | first(. == "f*")
.words | reverse
.words += "kiwi"
.words += ["kiwi", "lime"]
.words = ["x"] + .words
.words |= map(select(. != "apple"))
.words |= unique
.words - ["apple"]
del(.words[1])
del(.words[] | select(. == "apple"))
del(.words[0, 1])
del(.words[-1])
.words[1] = "b"
.words[6] = "g"
.words style="flow"
.words[0] style="double"
.words | length
.words | to_entries | map(.key)
.words | to_entries | from_entries
.words | pick([1, 0])
.words | omit([0])
.mixed | map(tag)
.mixed | map(kind)
.mixed | sort
.mixed[] | select(tag == "!!int")
.mixed[5].k
.mixed[6][0]
.mixed | length
.mixed | unique | length
.mixed | reverse
.mixed | @json
.nested | flatten
.nested[0]
.nested[][0]
.nested | map(length)
.nested | map(sort)
.nested | pivot
.nested | reverse
.pairs | map({.[0]: .[1]})
.pairs[] | {.[0]: .[1]}
.pairs | map({"key": .[0], "value": .[1]}) | from_entries
.pairs | pivot
.empty | length
.empty | first
.empty | max
.empty[]
.empty += 1
.empty[2] = 1
[.empty[], .ints[]]
[.ints[] | select(. == 9)]
[.words[] | {"w": .}]
{"w": .words[]}
{"w": .words}
[{"a": .ints[], "b": .words[]}] | length
.words as $w | .ints | map($w[.])
.words | [.[] | length]
with(.words; . |= sort)
with(.ints[]; . |= . + 1)
. as $d | .words | map(. + ($d.ints[0] | to_string))
.ints | . as $l | length
''')
s("maps", r'''
keys
.["d.e"]
."d.e"
.["f g"]
.[1]
.["1"]
.true
sort_keys(.)
sort_keys(..)
sort_keys(.c)
.c | keys
.c | to_entries
.c | with_entries(.value |= tag)
.c | with_entries(.key |= upcase)
.c | with_entries(select(.key == "z"))
.c | map_values(. + 1)
.c | map(.)
.c | length
.c | has("z")
.c | has("q")
.c.x | pick(["m"])
.c | pick(["x", "z"])
.c | omit(["x"])
.c | del(.z)
.c | del(.z, .y)
del(.c.x.m)
del(.["d.e"])
del(.[1])
to_entries | map(.key)
to_entries | map(select(.value == 2)) | from_entries
with_entries(select(.value | tag == "!!int"))
.c * {"z": 1, "new": 2}
.c + {"z": 1, "new": 2}
{"z": 1} * .c
{"z": 1} + .c
. * .c
.c * .c.x
.c *= {"q": 1}
.c += {"q": 1}
.c.q = {"r": [1]}
.c.x.n |= . * 2
.c | sort_by(.)
.c | [.[]]
.c[]
.c | .[]
.c.[]
[.c[] | select(tag == "!!int")] | sort
.c | contains({"z": 26})
.c | contains({"z": 1})
{"n": .a}
{"n": .a, "m": .b}
{.c.z: "v"}
{"x": .c.z, "y": .c | keys}
{"x": {"y": .a}}
{"a": 1} | .b = .a
{} | .x = 1
[] | .[0] = 1
{"a": {"b": 1}} * {"a": {"c": 2}}
{"a": [1]} * {"a": [2]}
{"a": [1]} *+ {"a": [2]}
{"a": [{"x": 1}]} *d {"a": [{"y": 2}]}
{"a": 1} *n {"a": 2, "b": 3}
{"a": 1} *? {"a": 2, "b": 3}
{"a": null} *n {"a": 2}
{"a": 1} * {"a": null}
null * {"a": 1}
{"a": 1} * null
.c as $c | {"k": $c | keys}
.c.x style="flow"
.c style="flow"
.. style="flow"
with(.c.x; .n = 0 | .m = 0)
.c | explode(.)
.c | @json
.c | to_props
to_props
.c | to_xml
.c | to_yaml(4)
.c | to_json(1)
.b = .a | .a = .b
.new = .c.x
.new = (.c | keys)
.b tag = "!!str"
(... | select(tag == "!!int")) tag = "!!str"
(.c | key) = "renamed"
(.. | select(is_key)) |= upcase
(... | select(is_key)) |= upcase
with_entries(.key |= sub("\.", "_"))
''')
s("multi", r'''
.a
.b
.b[]
select(.a == 2)
select(di == 1)
di
document_index
[.a]
.a = 9
select(.a == 1).a = 9
select(di == 0) | .b
.c // "none"
.a + di
. as $d | $d.a
line
.a | line
head_comment
split_doc
del(.b)
keys
''')
ea_multi = r'''
[.]
[.a]
[.[]]
. as $i ireduce ({}; . * $i)
. as $i ireduce ({}; . *+ $i)
. as $i ireduce (0; . + $i.a)
select(di == 0) * select(di == 1)
select(di == 1) * select(di == 0)
[select(di == 0), select(di == 2)]
[.[] | tag]
.a
[.a] | sort | reverse
select(.a > 1)
. as $i ireduce ([]; . + $i.a)
[.a] | max
{"all": [.a]}
'''.strip().split("\n")
s("compose", r'''
.services | keys
.services.web.image
.services[].image
.services | to_entries | map(.key + "=" + .value.image)
.services.*.image
.services.web.ports[0]
.services.web.ports | length
.services.web.image = "nginx:latest"
.services.web.image |= sub(":.*", ":latest")
.services[].image |= sub(":.*$", "")
.services.web.environment += "C=3"
.services.web.environment |= map(split("="))
.services.web.environment | map(split("=") | {"key": .[0], "value": .[1]}) | from_entries
.services.cache = {"image": "redis"}
.services.cache.image = "redis" | .services.cache.ports = ["6379:6379"]
del(.services.db)
del(.services.web.ports[0])
del(.services.*.volumes)
.services |= sort_keys(.)
.services | map_values(.image)
.services | with_entries(select(.key == "web"))
.services | map_values(pick(["image"]))
.services.web | has("ports")
[.services[] | select(has("ports"))] | length
.services.web.depends_on[] as $d | .services[$d].image
.version style="single"
.version = 3.8
.services.web.ports[] | split(":") | .[0]
.services.web.ports | map(split(":") | .[1] | to_number)
[.services[].image | split(":")[0]]
[.services[].image | split(":") | .[0]] | sort
.. | select(. == "*:80")
(.. | select(tag == "!!str" and . == "*:80")) = "8080:80"
.services.web * .services.db
.services.web *+ {"ports": ["1:1"]}
''')
s("kubernetes", r'''
.spec.containers[0].name
.spec.containers[] | select(.name == "side") | .image
.spec.containers[] | .image
(.spec.containers[] | select(.name == "main") | .image) = "new:1"
.spec.containers[0].env[] | select(.name == "MODE") | .value
(.spec.containers[0].env[] | select(.name == "LEVEL") | .value) = "5"
.spec.containers[0].env += [{"name": "X", "value": "y"}]
.spec.containers[0].env |= sort_by(.name) | .spec
.spec.containers |= map(select(.name != "side"))
.spec.containers[0].args += "--debug"
.spec.containers[0].args[1] |= sub("8080", "9090")
.spec.containers[0].resources.limits.cpu
.spec.containers[1].resources.limits.memory = "1Gi"
.metadata.labels.app
.metadata.labels.new = "x"
.metadata.labels * {"tier": "back"}
.metadata.labels += {"x": "y"}
.metadata.labels | to_entries | map(.key + "=" + .value) | join(",")
.metadata.annotations["example.org/a"] = "b"
.metadata.annotations."a.b/c" = "d"
.metadata | del(.annotations)
.kind + "/" + .metadata.name
.spec.containers | map(.name)
.spec.containers[] | .name + " " + .image
.spec.containers[].image | split(":") | .[-1]
.spec.containers[] | select(.image == "*main*") | .name
with(.spec.containers[]; .imagePullPolicy = "Always")
with(.spec.containers[] | select(has("env")); .env[0].value = "dev")
.spec.containers[0].env | map({.name: .value})
.spec.containers[0].env[] as $e ireduce ({}; .[$e.name] = $e.value)
.. | select(has("name")) | .name
[.. | select(has("image")) | .image] | unique
.spec.replicas = 3
.spec.template.spec = .spec
.spec.containers[0] | keys
.spec.restartPolicy |= downcase
.metadata.labels style=""
.spec.containers[0].args style=""
to_props
.spec | to_json(0)
.metadata.name as $n | .metadata.labels.app = $n + "-x"
.spec.containers[] |= . * {"securityContext": {"privileged": false}}
select(.kind == "Pod") | .metadata.name
select(.kind == "Service")
.apiVersion | test("^v[0-9]$")
sort_keys(..) | .metadata
''')
s("workflow", r'''
.on.push.branches
.on.push.branches += "dev"
.on
.on | keys
.jobs.build.steps[1].run
.jobs.build.steps[] | select(.name == "Test") | .run
.jobs.build.steps[] | select(has("uses")) | .uses
.jobs.build.steps[0].uses |= sub("@.*", "@v5")
.jobs.build.steps[].uses
.jobs.build.steps[] | .name // "none"
.jobs[].strategy.matrix.os[]
.jobs.build.strategy.matrix.os | @json
.jobs.build.runs-on
.jobs.build.runs-on = "x"
.jobs.*.runs-on
.env.GO
.env.GO = "1.23"
.jobs.build.steps |= map(select(.name != "Upload"))
.jobs.build.steps += [{"run": "echo\nok\n"}]
.jobs.build.steps[1].run |= . + "make install\n"
.jobs.build.steps[2].with.path
.jobs.build["runs-on"]
.jobs | keys
.. | select(. == "ubuntu*")
[.. | select(tag == "!!str" and test("make"))] | length
.jobs.build.steps[1] | to_entries | .[0].key
.on.pull_request | tag
.on.pull_request = {"branches": ["main"]}
''')
s("versions", r'''
.tools[] | select(.name == "go") | .version
.tools[].version |= sub("^v", "")
.tools[] |= (.version |= sub("v", ""))
.tools[] | .url | split("/") | .[-1]
.tools[] | .url | sub(".*/", "")
(.tools[] | select(.name == "node")).version = "v22"
.tools[] |= (.url = "https://x/" + .version)
.tools[] as $t ireduce ({}; .[$t.name] = $t.version)
.pins[.tools[0].name]
.tools[] | .name + "@" + .version
.tools | map(.version | split(".") | .[0])
.tools[].version | capture("v(?P<major>\d+)\.(?P<minor>\d+)")
.tools[].version | match("\d+").string
.tools | sort_by(.name) | reverse | .[0].name
.tools |= sort_by(.version)
.tools[].version |= sub("v(\d+)\.(\d+)\.(\d+)", "v$1.$2")
.tools[] | select(.version | test("^v1\.")) | .name
.tools | map(select(.url == "*.xz")) | length
''')
s("yamlinyaml", r'''
.config | from_yaml
.config | from_yaml | .b[1]
.config | @yamld | .a
.config |= (from_yaml | .a = 2 | to_yaml)
.config |= from_yaml
.json | from_json
.json | from_json | .x[1]
.json | @jsond
.json |= (from_json | .x[0] = 5 | to_json(0))
.json |= from_json
.base64 | @base64d
.base64 |= @base64d
.uri | @urid
.props | from_props
.props | @propsd | .k.m
.csv | from_csv
.csv | from_csv | .[1].name
.csv | @csvd | map(.id)
"<a><b>1</b></a>" | from_xml
"<a b=\"1\">t</a>" | from_xml
"<a><b>1</b><b>2</b></a>" | from_xml | .a.b
{"a": {"b": 1, "c": [1, 2]}} | to_xml
{"a": {"+@b": "1", "+content": "t"}} | to_xml
.config | to_yaml
.config | @json
.config | split("\n") | .[0]
''')
s("tags", r'''
.a
.a | tag
.b | tag
.c + 1
.c | tag
.d | tag
.d.x
.e | tag
.f[0]
.g + 1
.h
.a = "new"
.a |= . + "x"
.a =c "new"
.a tag = "!!str"
.a tag = "!other"
.b tag = "!!int"
.d.y = 2
.d * {"z": 1}
.. | tag
to_json(0)
.b |= to_number
.a style = "double"
''')
s("toplist", r'''
.[0]
.[2] | line_comment
.[2] | head_comment
.[3][1]
.[4].six
. + [7]
map(tag)
.[] |= .
.[1:3]
reverse
del(.[2])
.[] | select(tag == "!!int")
.[2] = 33
flatten
flatten(1)
.[5] = 5
first
.[-1]
.[-1].six = 7
length
to_entries | .[0]
[.[] | kind]
sort
''')
s("specials", r'''
.star == "a\*b"
.dollar
.dollar + "x"
.dollar | sub("\$", "S")
.percent | sub("%", "")
.pipe | split("|")
.brace | test("\{")
.back | length
.back | sub("\\\\", "/")
.nl | split("\n")
map_values(length)
map_values(style)
.star | sub("\*", "+")
.. | select(. == "a?b")
.at = "x@y"
.nl style = "literal"
map_values(@json)
map_values(@sh)
map_values(@uri)
map_values(@base64)
''')
s("matrix", r'''
pivot
map(keys)
map(.a)
map(.a // 0)
.[] | .b
map(has("b"))
.[0] * .[1]
.[0] + .[1]
. as $l | $l[0] * $l[1] * $l[2]
.[] as $m ireduce ({}; . * $m)
.[] as $m ireduce ({}; . + $m)
@csv
@tsv
map(to_entries) | flatten
map(with_entries(.value |= . * 2))
map(to_entries | map(.value)) | flatten
sort_by(.b)
sort_by(.a)
group_by(.a) | length
unique_by(.b) | length
[.[] | to_entries | .[] | .value] | sort
map(select(.a))
map(select(.a > 1))
map(length)
''')
s("inventory", r'''
.all.hosts | to_entries | map(.value.ip)
.all.hosts[] | .ip
.all.hosts.*.port
.all.hosts.h*.port
.all.hosts | map_values(.port)
.all.hosts | map_values(.ip + ":" + (.port | to_string))
.all.hosts | to_entries | map(select(.value.port > 22)) | from_entries
.all.hosts | with_entries(select(.value.port == 22))
.all.hosts | keys | .[] as $k | .
.all.hosts | keys | .[] as $k ireduce ([]; . + $k)
(.all.hosts | keys | .[]) as $h | .totals[$h]
.all.hosts.h3 = {"ip": "10.0.0.3"}
.all.hosts[] |= . + {"user": "x"}
.all.hosts |= map_values(.user = "y")
.all.vars.ports | contains([80])
.all.vars.ports -= [80]
.totals | [.[]] | .[] as $x ireduce (0; . + $x)
.totals.h1 + .totals.h2
.totals |= with_entries(.value |= . * 10)
.totals | to_entries | sort_by(.value) | reverse | .[0].key
.all.hosts | to_entries | .[] | "\(.key) \(.value.ip)"
.all | .. | select(has("ip")) | path | join(".")
''')
s("-", r'''
1 + 2
"a" + "b"
[1, 2, 3]
{"a": 1}
{"a": {"b": [1, {"c": 2}]}}
[]
{}
""
null
true
.a
.a.b.c = "x"
.a[2] = 1
.a = [1, 2] | .b = {"c": .a}
[1, [2, [3]]] | flatten
[3, 1, 2] | sort
[3, 1, 2] | sort_by(. * -1)
["b", "a"] | sort
{"b": 1, "a": 2} | sort_keys(.)
[1, 2, 3] | map(. * 2)
[1, 2, 3, 4] | map(select(. % 2 == 0))
[1, 2, 3] | .[] as $x ireduce (0; . + $x)
["a", "b"] | join(",")
"a,b" | split(",")
{"a": 1} | to_entries
[{"key": "a", "value": 1}] | from_entries
[{"key": "a"}] | from_entries
{"a": 1} | with_entries(.value += 1)
[1, 1, 2] | unique
[{"a": 1}, {"a": 1}] | unique
[[1], [1]] | unique
{"a": 1} + {"b": 2}
{"a": 1} * {"a": {"b": 2}}
[1] + [2]
[1] + 2
1 + [2]
[1, 2] - [2]
"abc" | test("b")
"abc" | sub("b", "x")
"abc" | length
[1, 2] | length
null | length
1 | length
{"a": [1, 2]} | .a[1]
{"a": [1, 2]} | .a[-1]
{"a": [1, 2]} | .a[]
{"a": [1, 2]} | .a | .[0:1]
[1, 2, 3] | .[1:]
[1, 2, 3] | .[:1]
[1, 2, 3] | .[-2:]
[1, 2, 3] | .[1:2]
[1, 2, 3] | .[5:]
[1, 2, 3] | .[:9]
[1, 2, 3] | first
[1, 2, 3] | reverse
[[1, 2], [3, 4]] | pivot
{"a": 1, "b": 2} | pick(["a"])
{"a": 1, "b": 2} | omit(["a"])
{"a": 1, "b": 2} | del(.a)
{"a": 1, "b": 2} | keys
{"a": 1, "b": 2} | map_values(. + 1)
{"a": 1, "b": 2} | [.[]]
{"a": 1, "b": 2} | to_props
{"a": 1, "b": 2} | @json
{"a": 1, "b": "x y"} | to_yaml
[1, "a b", "c\"d"] | @csv
["a b"] | @sh
"a b" | @sh
"it's" | @sh
"a b&c" | @uri
"aGk=" | @base64d
"hi" | @base64
"not base64!" | @base64d
1 == 1
1 == 2
1 != 1
"a" == "a"
"a" == "A"
null == null
1 < 2
"a" < "b"
[1] < [2]
1 and 1
null // 1
false // 1
(1, null, 2) // 3
[null, 1] | .[] // "x"
(1, 2) + (10, 20)
(1, 2) * (3, 4)
[(1, 2), 3]
{"a": (1, 2)}
{"a": (1, 2), "b": (3, 4)}
{(1, 2): "x"}
{"a", "b"}
1, 2
1 | 2
(1 | 2) | 3
1 as $x | $x + $x
[1, 2] as $x | $x[0]
(1, 2) as $x | $x * 10
1 as $x | 2 as $y | $x + $y
{"a": 1} as $o | $o.a
"\(1 + 1)"
"a\("b" + "c")d"
"x" * 3
"x" * 0
"x" * -1
-1
- 1
1 - 1
1-1
1 -1
-5 % 3
5 % -3
7 / 2
6 / 2
1 / 3
2.0
2.50
1e2
0x10
1.0 + 1
true | not
null | not
[] | not
{} | not
"" | not
0 | not
[true, false] | any
[true, false] | all
{"a": {"b": 1}} | .a.b |= . + 1
{"a": {"b": 1}} | .a |= .b
{"a": [1, 2]} | .a |= map(. + 1)
{"a": [1, 2]} | .a[] += 1
{"a": [1, 2]} | .a += 3
{"a": [1, 2]} | del(.a[0])
{"a": 1} | .b = .a + 1
{"a": 1} | has("a")
{"a": 1} | has("b")
[1] | has(0)
[1] | has(1)
{"a": 1} | contains({"a": 1})
"foobar" | contains("bar")
["foobar"] | contains(["bar"])
[1, [2]] | contains([[2]])
{"a": [1, 2, {"b": 3}]} | contains({"a": [{"b": 3}]})
[{"a": 2}, {"a": 1}] | sort_by(.a)
[{"a": 2}, {"a": 1}] | min
[{"a": 1, "b": 2}, {"a": 1, "b": 3}] | group_by(.a)
[{"a": 1, "b": 2}, {"a": 1, "b": 3}] | unique_by(.a)
{"a": 1} | path
{"a": 1} | .a | path
{"a": [5]} | .a[0] | path
{"a": [5]} | [.. | path]
{"a": 1} | .a | key
{"a": 1} | .a | parent
{"a": {"b": 1}} | .a.b | parent | parent
{"a": 1} | .a | tag
[1, "a", null, true, 1.5, {}, []] | map(tag)
[1, "a", null, true, 1.5, {}, []] | map(kind)
[1, "a", null, true, 1.5] | sort
"a: 1" | from_yaml
"[1, 2]" | from_json
"a: [" | from_yaml
"x" | error("bad")
error("bad")
"1" | to_number
"x" | to_number
1 | to_string
[1] | to_string
{"a": 1} | to_string
"A" | downcase
"a" | upcase
" a " | trim
1 | upcase
[1, 2] | join(1)
["a", null, 1] | join("-")
"a" | split("")
"" | split(",")
null | split(",")
1 | split(",")
{"a": 1} | map(.)
1 | map(.)
null | map(.)
1 | .[]
1 | .a
"a" | .[0]
null | .[0]
null | .a
null | keys
1 | keys
1 | to_entries
null | to_entries
[1, 2] | to_entries
[1] | sort_keys(.)
1 | sort
1 | reverse
1 | flatten
1 | unique
1 | first
{} | first
{"a": 1} | first
1 | group_by(.)
1 | pick([1])
1 | del(.a)
[1, 2, 3] | del(.[0], .[1])
[1, 2, 3] | del(.[] | select(. == 2))
[1, 2, 3] | .[1] |= 9
[1, 2, 3] | .[] |= select(. == 2)
[1, 2, 3] | map(select(. == 2))
[1, 2, 3] | filter(. == 2)
{"a": 1, "b": 2} | filter(. == 2)
{"a": 1, "b": 2} | .[] |= . * 2
{"a": 1, "b": 2} | to_entries | map(select(.value > 1)) | from_entries
{"a": {"x": 1}, "b": {"x": 2}} | map_values(.x)
{"a": {"x": 1}, "b": {"x": 2}} | [.[].x]
{"a": {"x": 1}, "b": {"x": 2}} | .*.x
{"ab": 1, "ac": 2, "b": 3} | .a*
{"ab": 1, "ac": 2, "b": 3} | del(.a*)
{"ab": 1, "ac": 2, "b": 3} | .["a*"]
{"a b": 1} | .["a b"]
{"a.b": 1} | .["a.b"]
{"a.b": 1} | ."a.b"
{"a-b": 1} | .a-b
{"a": null} | .a.b.c
{"a": null} | .a[0].b = 1
{"a": 1} | .a.b = 1
{"a": 1} | .a[0] = 1
setpath(["a", 0]; 1)
{"a": [1, 2]} | delpaths([["a", 0]])
{"a": 1} | setpath(["b"]; .a)
[1, 2] | array_to_map
["a", null, "c"] | array_to_map
with(.a; .b = 1)
{"a": 1} | with(.a; . = 2)
{"a": [1, 2]} | with(.a[]; . |= . + 1)
{"a": 1} | .a style="double"
{"a": "x"} | .a style="literal"
{"a": "x"} | .a tag="!!int"
{"a": "x"} | .a anchor="n" | .b alias="n"
{"a": "x"} | .a line_comment="c"
{"a": "x"} | .a head_comment="c"
{"a": {"b": 1}} | .a head_comment="c"
{"a": {"b": 1}} | .a line_comment="c"
{"a": [1]} | .a line_comment="c"
{"a": [1]} | .a[0] line_comment="c"
{"a": [1]} | .a[0] foot_comment="c"
[1, 2] | .[0] head_comment="c"
eval("1 + 1")
eval(".a = 1")
"2" | eval(.)
. as $x | $x
.x as $x | [$x]
$nope
$nope.a
1 | $__loc__
{"a": 1} | .a as $x | .b = $x | .c = $x
[{"n": "a", "v": 1}, {"n": "b", "v": 2}] | .[] as $i ireduce ({}; .[$i.n] = $i.v)
[{"n": "a", "v": 1}, {"n": "b", "v": 2}] | map({.n: .v})
[{"n": "a", "v": 1}, {"n": "b", "v": 2}] | map({.n: .v}) | .[] as $i ireduce ({}; . * $i)
"2001-12-15T02:59:43Z" | format_datetime("2006")
"cat" | match("a")
"cat" | [match("a", "g")]
"cat" | match("A"; "i")
"cat" | capture("(?P<x>a)(?P<y>z)?")
"foo bar foo" | [match("foo"; "g").offset]
"foo bar foo" | sub("foo"; "x")
"aaa" | sub("a", "b")
"aaa" | [match(""; "g").offset]
"test" | test("T"; "i")
"a.b" | split(".")
"abc" | .[1:2]
0 // 1
"" // 1
[] // 1
1 // error("x")
[1, 2] | .[0] = .[1]
[1, 2] | {"a": .[0], "b": .[1]}
[[1, 2], [3, 4]] | map({"a": .[0], "b": .[1]})
[[1, 2], [3, 4]] | .[][0]
[[1, 2], [3, 4]] | [.[][0]]
[{"a": {"b": 1}}] | .[0].a.b
[{"a": {"b": 1}}] | map(.a.b)
{"a": "{{x}}"} | .a
{"a": "x\ny"} | .a
{"a": "x\ny"}
{"a": "x\ny\n"}
{"a": " x"}
{"a": ""}
{"a": "~"}
{"a": "yes"}
{"a": "0"}
{"a": "1.0"}
{"a": "x: y"}
{"a": "- x"}
{"a": "#x"}
{"a": "x #y"}
{"a": "'x'"}
{"a": "\"x\""}
{"a": "x\ty"}
{"a": "é☃"}
{"a": "😀"}
{"a": "x,y"}
{"a": "[x]"}
{"a": "{x}"}
{"a": "*x"}
{"a": "&x"}
{"a": "!x"}
{"a": "%x"}
{"a": "@x"}
{"a": "`x`"}
{"a": "|"}
{"a": ">"}
{"a": "?"}
{"a": ":"}
{"a": "-"}
{"a": "--"}
{"a": "---"}
{"a": "<<"}
{"a": "="}
{"a": "a\\b"}
{"~": 1}
{"1": 2}
{"true": 1}
{"a b": 1}
{"": 1}
{"#": 1}
{"a: b": 1}
{"-": 1}
{"a\nb": 1}
[1500000.5 * 2, 123456.5 + 1, 0.00001 * 1, 1e20 + 1, 100000.0 * 10, 999999.0 + 0, 1e21 + 0]
[1500000.5 * 2, 123456.5 + 1, 0.00001 * 1, 1e20 + 1, 100000.0 * 10, 999999.0 + 0, 1e21 + 0] | @json
[0.000001 * 0.1, 0.1 * 3, 1 / 3, 1e300 * 1e10, -1.5e-9 + 0]
[0.000001 * 0.1, 0.1 * 3, 1 / 3, -1.5e-9 + 0, 5e-7, 123456789.125] | to_json(0)
[10000000 / 3, 123456789 / 2, 5 / 2, 1000000 / 1]
"{\"a\": [1.0, 2.50, 1e3, 1E-7, 12345678901234567890, -0]}" | from_json
"{\"a\": [1.0, 2.50, 1e3, 1E-7, 12345678901234567890, -0]}" | from_json | @json
{"a": {"+@b": "x\ny", "c": "x\ny"}} | to_xml
''')

outputs = ["-o json", "-o json -I 0", "-o props", "-o csv", "-o tsv", "-o xml", "-o shell", "-r=false", "-P", "-I 4", "-N", "-o json -r", "-I 1", "-I 8"]


def combine(rng, docs):
    """Expressions made of others: selections, then what is done to them."""
    paths = {"lima": [".cpus", ".images", ".mounts", ".images[]", ".mounts[0]", ".provision[].script", ".env", ".ssh", ".memory"],
             "people": [".", ".[]", ".[0]", ".[].tags", ".[].address", ".[1].name", ".[].age"],
             "nested": [".a", ".a.b.c", ".a.b.c.d", ".a.b.c.d[]", ".a.b2", ".a.b.c.g"],
             "lists": [".ints", ".words", ".mixed", ".nested", ".pairs", ".empty", ".ints[]", ".words[]"],
             "maps": [".", ".c", ".c.x", ".a", ".[]"],
             "comments": [".", ".a", ".b", ".e", ".b.c", ".e[]"],
             "anchors": [".base", ".copy", ".derived", ".more", ".list", ".list[]", ".again"],
             "strings": [".plain", ".literal", ".folded", ".csv", ".unicode", ".[]"],
             "numbers": [".int", ".float", ".hex", ".exp", ".[]"],
             "kubernetes": [".spec.containers", ".spec.containers[]", ".metadata", ".metadata.labels", ".spec.containers[0].env"],
             "compose": [".services", ".services[]", ".services.web", ".services.web.ports"],
             "flow": [".", ".a", ".b", ".h", ".i", ".b[]"]}
    actions = ["length", "keys", "tag", "kind", "to_entries", "sort", "unique", "reverse", "first", "flatten", "map(.)", "map(tag)", "@json", "to_yaml", "to_string",
               "upcase", "path", "key", "line", "parent | kind", "[.]", "{\"v\": .}", "select(. != null)", "select(kind == \"map\")", "select(kind == \"seq\") | length",
               ".. | select(tag == \"!!str\")", "with_entries(.)", "map_values(.)", "has(0)", "has(\"a\")", "any_c(. == 1)", "all_c(. != null)", "contains(\"a\")",
               "join(\",\")", "split(\"a\")", "test(\"a\")", "sub(\"a\", \"b\")", "sort_by(.)", "group_by(.) | length", "explode(.)", "to_json(0)", "del(.[0])",
               "not", ". == .", ". + .", ". * .", ". // 1", "style", "anchor", "line_comment", "to_props", "pick([0])", "omit([0])", "array_to_map", "pivot", ".[1:]",
               "min", "max", "filter(. == 1)", "sort_keys(.)", "parents | length", "is_key", "file_index", "document_index", "column", "trim", "@base64", "@uri", "@sh", "@csv"]
    changes = ["= 1", "= \"x\"", "= null", "= [1]", "= {\"k\": 1}", "|= .", "|= [.]", "|= {\"w\": .}", "|= tag", "+= 1", "+= \"x\"", "+= [1]", "+= {\"k\": 1}", "*= {\"k\": 1}",
               "*= 2", "-= 1", "style=\"flow\"", "style=\"double\"", "style=\"single\"", "style=\"\"", "style=\"literal\"", "style=\"folded\"", "tag=\"!!str\"", "tag=\"!x\"",
               "anchor=\"n\"", "line_comment=\"c\"", "head_comment=\"c\"", "foot_comment=\"c\"", "|= sort_keys(.)", "|= length", "|= (. // 3)", "|= select(. == 1)", "=c 5"]
    for doc, ps in paths.items():
        for p in ps:
            for a in rng.sample(actions, 9):
                yield doc, "", f"{p} | {a}"
            for c in rng.sample(changes, 6):
                yield doc, "", f"{p} {c}"
            yield doc, "", f"del({p})"


def cases(docs):
    rng = random.Random(4)
    for doc in docs:
        for e in general if doc in ("lima", "comments", "anchors", "multi", "flowcomments", "deepcomments", "blank", "tags") else rng.sample(general, 26):
            yield doc, "", e
        for e in rng.sample(json_general, 4):
            yield doc, rng.choice(["-o json", "-o json -I 0"]), e
        for o in rng.sample(outputs, 6):
            yield doc, o, "."
    for doc, exprs in special.items():
        for e in exprs:
            yield doc, "", e
    for e in ea_multi:
        yield "multi", "ea", e
        yield "separators", "ea", e
    yield from combine(rng, docs)


def read_documents(name):
    out = {}
    for line in open(os.path.join(os.path.dirname(os.path.abspath(__file__)), name)):
        if line.startswith("=== "):
            doc = line[4:].strip()
            out[doc] = ""
        else:
            out[doc] += line
    return out


def documents():
    return read_documents("documents.txt")


def public_documents():
    """of the kinds that public scripts work on: manifests, values of charts, pipelines, an API's description, a machine's template"""
    return read_documents("public_documents.txt")


def public_cases(docs):
    """what such scripts ask and change, and the general ones"""
    for line in open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "public_expressions.tsv")):
        doc, e = line.rstrip("\n").split("\t", 1)
        yield doc, "", e
    for doc in docs:
        for e in general:
            yield doc, "", e
        for o in outputs:
            yield doc, o, "."


def mixed_documents():
    """with all that YAML, JSON, XML, CSV and properties have, a few lines each"""
    return read_documents("mixed_documents.txt")


def mixed_cases():
    """expressions made of others at random, three deep, and every format read and written: document, flags, expression"""
    for line in open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "mixed.tsv")):
        yield tuple(line.rstrip("\n").split("\t"))
