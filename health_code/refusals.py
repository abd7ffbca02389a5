"""What the health code says no to."""

from miniapp_schemas.refusals import Kind, Refusal

__all__ = [
    "EvidenceConflict",
    "EvidenceInvalid",
    "EvidenceKindNotAllowed",
    "FamilyFull",
    "FamilyMemberUnknown",
    "GuardiansFull",
    "HealthCodeUnavailable",
    "PaperCodeUnknown",
    "RuleSetInvalid",
    "RuleSetUnknown",
    "SecondPersonNeeded",
]


class EvidenceInvalid(Refusal):
    """A piece of evidence says something impossible."""

    code = "EVIDENCE_INVALID"
    kind = Kind.INVALID
    title_zh = "健康证据有误"
    title_en = "Invalid evidence"
    detail_zh = "证据不可信：{why_zh}。"
    detail_en = "The evidence cannot be taken: {why_en}."


class EvidenceKindNotAllowed(Refusal):
    """A source reports a kind of evidence that it is not registered for."""

    code = "EVIDENCE_KIND_NOT_ALLOWED"
    kind = Kind.FORBIDDEN
    title_zh = "不得报送此类证据"
    title_en = "Not your kind of evidence"
    detail_zh = "贵单位未登记报送 {evidence} 类证据。"
    detail_en = "Your department is not registered to report {evidence}."


class EvidenceConflict(Refusal):
    """A source used one of its ids for two different things."""

    code = "EVIDENCE_CONFLICT"
    kind = Kind.CONFLICT
    title_zh = "证据编号已被使用"
    title_en = "This evidence id was used for something else"
    detail_zh = "同一来源编号的证据内容不同；更正请用新编号并填写 supersedes。"
    detail_en = "Evidence with this id said something else; to correct it, use a new id and `supersedes`."


class HealthCodeUnavailable(Refusal):
    """There is no judged code to show, and none can be judged now."""

    ours = True
    code = "HEALTH_CODE_UNAVAILABLE"
    kind = Kind.UNAVAILABLE
    title_zh = "暂时无法亮码"
    title_en = "The code cannot be shown now"
    detail_zh = "健康码暂时无法生成，请稍后重试；已下载的离线码仍可使用。"
    detail_en = "No code can be made now; try again in a moment. A fetched offline code is still good."


class RuleSetUnknown(Refusal):
    """No such rule set."""

    code = "RULE_SET_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有此规则集"
    title_en = "Unknown rule set"
    detail_zh = "没有找到该规则集。"
    detail_en = "There is no such rule set."


class RuleSetInvalid(Refusal):
    """A rule set that does not pass the linter."""

    code = "RULE_SET_INVALID"
    kind = Kind.INVALID
    title_zh = "规则集未通过检查"
    title_en = "The rule set does not pass the linter"
    detail_zh = "规则 {rule}：{why}。另有 {more} 处问题。"
    detail_en = "Rule {rule}: {why}. And {more} more."


class SecondPersonNeeded(Refusal):
    """Who proposed something may not approve it."""

    code = "SECOND_PERSON_NEEDED"
    kind = Kind.FORBIDDEN
    title_zh = "须由另一人复核"
    title_en = "Another person must approve"
    detail_zh = "发起人不能复核自己的操作；复核人须来自规定的另一单位或岗位。"
    detail_en = "Who proposed this cannot approve it, nor can anybody of the same side."


class PaperCodeUnknown(Refusal):
    """There is no paper code in force."""

    code = "PAPER_CODE_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有有效的纸质码"
    title_en = "No paper code in force"
    detail_zh = "尚未申领纸质码，或已挂失、过期，请重新申领。"
    detail_en = "None was issued, or it was reported lost or has expired; ask for a new one."


class FamilyMemberUnknown(Refusal):
    """Nobody is in the caller's list by this grant."""

    code = "FAMILY_MEMBER_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "不在亲属码名单中"
    title_en = "Not in your family codes"
    detail_zh = "请先将其加入亲属码名单。"
    detail_en = "Add them to your family codes first."


class FamilyFull(Refusal):
    """A guardian's list is full."""

    code = "FAMILY_FULL"
    kind = Kind.CONFLICT
    title_zh = "亲属码名单已满"
    title_en = "Your family codes are full"
    detail_zh = "最多可为 {most} 人代为亮码，请先移除一人。"
    detail_en = "You can show for {most} people at most; take one out first."


class GuardiansFull(Refusal):
    """As many guardians as may be have somebody in their lists."""

    code = "GUARDIANS_FULL"
    kind = Kind.CONFLICT
    title_zh = "代亮人数已满"
    title_en = "Enough people show for them"
    detail_zh = "同一人最多由 {most} 人代为亮码。"
    detail_en = "{most} people at most may have somebody in their lists."
