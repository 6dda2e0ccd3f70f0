#compdef limactl
# zsh completion for limactl
# Candidates come from `limactl __complete WORD...`, the last word being the one to complete.

_limactl()
{
	local entry directive=0 cur=${words[CURRENT]}
	local -a plain described space
	while IFS= read -r entry; do
		case $entry in
		:*) directive=${entry#:} ;;
		*$'\t'*) described+=("${${entry%%$'\t'*}//:/\\:}:${entry#*$'\t'}") ;;
		?*) plain+=("${entry//:/\\:}") ;;
		esac
	done < <("${words[1]}" @COMPLETE@ "${(@Q)words[2,CURRENT]}" 2>/dev/null)
	[[ $cur == -*=* ]] && compset -P '*='
	((directive & 2)) && space=(-S '')
	((${#described})) && _describe -t candidates candidate described $space
	((${#plain})) && _describe -t candidates candidate plain $space
	((directive & 4)) || ((${#described} + ${#plain})) || _files
}
compdef _limactl limactl
