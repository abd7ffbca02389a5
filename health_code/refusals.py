"""What the health code says no to."""

from miniapp_schemas.refusals import Kind, Refusal

__all__ = [
    "AppealNotOpen",
    "AppealUnknown",
    "AttachmentUnfit",
    "CertificateIssuerAway",
    "CertificateNotBelieved",
    "CertificateOfAnother",
    "CorrectionInvalid",
    "DivisionUnknown",
    "EvidenceConflict",
    "EvidenceInvalid",
    "EvidenceKindNotAllowed",
    "ExposureQueryExpired",
    "ExposureQueryInvalid",
    "ExposureQueryNotApproved",
    "ExposureQueryUnknown",
    "FamilyFull",
    "FamilyMemberUnknown",
    "GuardiansFull",
    "HealthCodeUnavailable",
    "ManualEntryInvalid",
    "ManualEntryNotOpen",
    "ManualEntryUnknown",
    "NotADecisiveReason",
    "PaperCodeUnknown",
    "PrintingNotAllowed",
    "RuleSetInvalid",
    "RuleSetUnknown",
    "SecondPersonNeeded",
    "VenueCodeForged",
    "VenueCodeStale",
    "VenueCodeWithdrawn",
    "VenueUnknown",
]


class EvidenceInvalid(Refusal):
    """A piece of evidence says something impossible."""

    code = "EVIDENCE_INVALID"
    kind = Kind.INVALID
    title_zh = "健康证据有误"
    title_en = "Invalid evidence"
    detail_zh = "证据不可信：{why_zh}。"
    detail_en = "The evidence cannot be taken: {why_en}."


class DivisionUnknown(Refusal):
    """A code that is no division's."""

    code = "DIVISION_UNKNOWN"
    kind = Kind.INVALID
    title_zh = "没有此行政区划"
    title_en = "No such division"
    detail_zh = "{division} 不是 GB/T 2260 的行政区划代码。"
    detail_en = "{division} is no division code of GB/T 2260."


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
    detail_zh = "发现 {count} 处问题：{issues_zh}"
    detail_en = "{count} found: {issues_en}"


class SecondPersonNeeded(Refusal):
    """Who proposed something may not approve it."""

    code = "SECOND_PERSON_NEEDED"
    kind = Kind.FORBIDDEN
    title_zh = "须由另一人复核"
    title_en = "Another person must approve"
    detail_zh = "发起人不能复核自己的操作；复核人须来自规定的另一单位或岗位。"
    detail_en = "Who proposed this cannot approve it, nor can anybody of the same side."


class ManualEntryInvalid(Refusal):
    """An entry by hand that cannot be proposed."""

    code = "MANUAL_ENTRY_INVALID"
    kind = Kind.INVALID
    title_zh = "人工录入有误"
    title_en = "This cannot be entered by hand"
    detail_zh = "不能录入：{why_zh}。"
    detail_en = "It cannot be entered: {why_en}."


class ManualEntryUnknown(Refusal):
    """No such entry."""

    code = "MANUAL_ENTRY_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有此录入"
    title_en = "Unknown entry"
    detail_zh = "没有找到该人工录入。"
    detail_en = "There is no such entry."


class ManualEntryNotOpen(Refusal):
    """An entry that has come too far, or not far enough, for what is asked."""

    code = "MANUAL_ENTRY_NOT_OPEN"
    kind = Kind.CONFLICT
    title_zh = "当前状态不能进行此操作"
    title_en = "Not in this state"
    detail_zh = "该录入目前为 {state}，不能进行此操作。"
    detail_en = "The entry is {state}; this cannot be done to it now."


class NotADecisiveReason(Refusal):
    """An appeal against something that the appellant's colour does not rest on."""

    code = "NOT_A_DECISIVE_REASON"
    kind = Kind.INVALID
    title_zh = "这不是当前赋码原因"
    title_en = "Your colour does not rest on that"
    detail_zh = "只能对自己当前赋码原因中列出的证据申诉；原因没有证据的，可对该规则或灰码申诉。"
    detail_en = (
        "Only evidence among the reasons of one's own present colour can be appealed against; a rule "
        "that rests on none, and a grey code, can be themselves."
    )


class AppealUnknown(Refusal):
    """No such appeal, or not the caller's."""

    code = "APPEAL_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有此申诉"
    title_en = "Unknown appeal"
    detail_zh = "没有找到该申诉或附件。"
    detail_en = "There is no such appeal or attachment."


class AppealNotOpen(Refusal):
    """An appeal that has come too far, or not far enough, for what is asked."""

    code = "APPEAL_NOT_OPEN"
    kind = Kind.CONFLICT
    title_zh = "当前状态不能进行此操作"
    title_en = "Not in this state"
    detail_zh = "该申诉目前为 {state}，不能进行此操作。"
    detail_en = "The appeal is {state}; this cannot be done to it now."


class ProposalChanged(Refusal):
    """Agreement to a correction that is not the one proposed now."""

    code = "PROPOSAL_CHANGED"
    kind = Kind.CONFLICT
    title_zh = "更正内容已变"
    title_en = "Another correction is proposed"
    detail_zh = "此前的更正已被退回并重新提出；请查看现在的更正内容，并在同意时以 proposal 注明。"
    detail_en = (
        "An earlier correction was sent back and another one proposed. Read it, and name it by `proposal`."
    )


class AttachmentUnfit(Refusal):
    """A file that cannot be attached."""

    code = "ATTACHMENT_UNFIT"
    kind = Kind.INVALID
    title_zh = "附件不符合要求"
    title_en = "This file cannot be attached"
    detail_zh = "附件须为 JPEG、PNG 或 PDF，每份不超过 1 MiB，至多四份：{why_zh}。"
    detail_en = "Up to four files, JPEG, PNG or PDF, of 1 MiB each: {why_en}."


class CorrectionInvalid(Refusal):
    """A correction that does not correct what is disputed."""

    code = "CORRECTION_INVALID"
    kind = Kind.INVALID
    title_zh = "更正内容有误"
    title_en = "This does not correct it"
    detail_zh = "不能这样更正：{why_zh}。"
    detail_en = "It cannot be corrected so: {why_en}."


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


class CertificateNotBelieved(Refusal):
    """A certificate of another place that does not hold."""

    code = "CERTIFICATE_NOT_BELIEVED"
    kind = Kind.INVALID
    title_zh = "证明未通过验证"
    title_en = "The certificate does not hold"
    detail_zh = "该证明未通过验证（{verdict}）。"
    detail_en = "The certificate was not believed ({verdict})."


class CertificateOfAnother(Refusal):
    """A certificate made out to somebody else, or brought by somebody else before."""

    code = "CERTIFICATE_OF_ANOTHER"
    kind = Kind.FORBIDDEN
    title_zh = "该证明不是您的"
    title_en = "The certificate is not yours"
    detail_zh = "证明上的姓名或出生日期与您的不一致，或该证明已由他人提交。"
    detail_en = "It names another name or birth date than yours, or somebody else has brought it before."


class CertificateIssuerAway(Refusal):
    """Who issued a carried certificate gives no answer."""

    code = "CERTIFICATE_ISSUER_AWAY"
    kind = Kind.UNAVAILABLE
    title_zh = "出具地暂时无法核验"
    title_en = "Its issuer does not answer"
    detail_zh = "出具该证明的机构暂时没有答复，请稍后重试。"
    detail_en = "Who issued the certificate gives no answer now; try again in a moment."


class VenueUnknown(Refusal):
    """No such venue, or not this organisation's."""

    code = "VENUE_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有此场所"
    title_en = "Unknown venue"
    detail_zh = "没有找到该场所。"
    detail_en = "There is no such venue."


class PrintingNotAllowed(Refusal):
    """A venue that was registered for displayed codes only."""

    code = "PRINTING_NOT_ALLOWED"
    kind = Kind.FORBIDDEN
    title_zh = "此场所不得使用纸质场所码"
    title_en = "No printed codes at this venue"
    detail_zh = "该场所登记时未允许打印场所码，请使用屏幕展示。"
    detail_en = "This venue was registered without printed codes; put up a screen."


class VenueCodeForged(Refusal):
    """A scanned text that is no venue code of this city's."""

    code = "VENUE_CODE_FORGED"
    kind = Kind.INVALID
    title_zh = "不是有效的场所码"
    title_en = "Not a venue code"
    detail_zh = "此码不是本市场所码，或已被改动。"
    detail_en = "This is no venue code of this city, or it was changed."


class VenueCodeStale(Refusal):
    """A displayed code of another minute: a picture somebody kept or was sent."""

    code = "VENUE_CODE_STALE"
    kind = Kind.GONE
    title_zh = "场所码已过期"
    title_en = "This venue code is over"
    detail_zh = "场所码每分钟更换，转发或截图的码无效；请在现场扫码。未作任何登记。"
    detail_en = "Venue codes change every minute; a forwarded picture is no good. Nothing was recorded."


class VenueCodeWithdrawn(Refusal):
    """A printed code that a newer one replaced, or that may not be used."""

    code = "VENUE_CODE_WITHDRAWN"
    kind = Kind.GONE
    title_zh = "纸质场所码已停用"
    title_en = "This printed code is withdrawn"
    detail_zh = "该纸质场所码已停用，请扫描现场的新码。未作任何登记。"
    detail_en = "A newer code hangs at the door. Nothing was recorded."


class ExposureQueryUnknown(Refusal):
    """No such query, or another department's."""

    code = "EXPOSURE_QUERY_UNKNOWN"
    kind = Kind.NOT_FOUND
    title_zh = "没有此流调查询"
    title_en = "Unknown exposure query"
    detail_zh = "没有找到该流调查询。"
    detail_en = "There is no such exposure query."


class ExposureQueryInvalid(Refusal):
    """A query that asks for what cannot be told."""

    code = "EXPOSURE_QUERY_INVALID"
    kind = Kind.INVALID
    title_zh = "流调查询有误"
    title_en = "Invalid exposure query"
    detail_zh = "无法查询：{why_zh}。"
    detail_en = "This cannot be asked: {why_en}."


class ExposureQueryNotApproved(Refusal):
    """Two people of two organisations have not agreed yet."""

    code = "EXPOSURE_QUERY_NOT_APPROVED"
    kind = Kind.FORBIDDEN
    title_zh = "流调查询尚未批准"
    title_en = "Not approved yet"
    detail_zh = "须由两个单位的两人批准后方可查询。"
    detail_en = "Two people of two organisations must agree first."


class ExposureQueryExpired(Refusal):
    """A query whose day is over."""

    code = "EXPOSURE_QUERY_EXPIRED"
    kind = Kind.GONE
    title_zh = "流调查询已失效"
    title_en = "This exposure query is over"
    detail_zh = "查询自提出起 24 小时内有效，请重新提出。"
    detail_en = "A query lives for a day; propose it again."
