# bash completion for limactl
# Candidates come from `limactl __complete WORD...`, the last word being the one to complete.

_limactl()
{
	local line=${COMP_LINE:0:COMP_POINT} words cur match prefix entry directive=0
	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=("")
	cur=${words[${#words[@]} - 1]}
	match=$cur
	[[ $cur == -*=* ]] && match=${cur#*=}
	# what stands before the last : or = is a word of its own for readline
	prefix=${match%"${match##*[:=]}"}
	COMPREPLY=()
	while IFS= read -r entry; do
		case $entry in
		:*) directive=${entry#:} ;;
		*)
			entry=${entry%%$'\t'*}
			[[ $entry == "$match"* ]] && COMPREPLY+=("${entry#"$prefix"}")
			;;
		esac
	done < <("${words[0]}" @COMPLETE@ "${words[@]:1}" 2>/dev/null)
	((directive & 2)) && compopt -o nospace
	((directive & 4)) || [[ ${#COMPREPLY[@]} -gt 0 ]] || compopt -o default
}
complete -F _limactl limactl
