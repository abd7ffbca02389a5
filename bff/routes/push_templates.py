"""``/verifier/v1/push-templates``: what notices say, written by operators."""

import msgspec
from litestar import Controller, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from bff.platform.identity import Principal
from bff.routes.parameters import TemplateNameInPath
from miniapp_schemas.push_templates import (
    ActivateTemplate,
    PreviewTemplate,
    TemplateBinding,
    TemplateDraft,
    TemplateInfo,
    TemplatePreview,
    TemplateProblem,
    TemplateVersion,
    TemplateWords,
)
from push.refusals import TemplateChanged, TemplateInvalid, TemplateUnknown, TemplateVersionUnknown
from push.rules.templates import Binding, TemplateContent, Words
from push.store.templates import KeptTemplate, Version
from push.templates import TemplateDesk


class TemplateController(Controller):
    """Templates of notices (提醒模板)."""

    path = "/verifier/v1/push-templates"
    tags = ("push-templates",)
    opt = {"audience": "verifier", "assurance": None, "scope": "push:operate"}

    @get(operation_id="ListPushTemplates", summary="Every template")
    async def list_templates(self, push_templates: NamedDependency[TemplateDesk]) -> list[TemplateInfo]:
        """Every notice there is, with its versions."""
        return [_info(kept, shipped) for kept, shipped in await push_templates.listed()]

    @get(
        "/{template_name:str}",
        opt={"refusals": (TemplateUnknown,)},
        operation_id="ReadPushTemplate",
        summary="One template",
    )
    async def read(
        self, template_name: TemplateNameInPath, push_templates: NamedDependency[TemplateDesk]
    ) -> TemplateInfo:
        """One notice, with its versions."""
        return _info(*await push_templates.read(template_name))

    @post(
        "/{template_name:str}/preview",
        opt={"refusals": (TemplateUnknown,)},
        operation_id="PreviewPushTemplate",
        summary="How a template would look",
        status_code=200,
    )
    async def preview(
        self,
        template_name: TemplateNameInPath,
        data: JSONBody[PreviewTemplate],
        push_templates: NamedDependency[TemplateDesk],
    ) -> TemplatePreview:
        """A draft, filled, and everything for which it would not be kept."""
        found = push_templates.preview(template_name, _content(data.draft), data.values)
        return TemplatePreview(
            zh=msgspec.convert(found.messages["zh"], TemplateWords),
            en=msgspec.convert(found.messages["en"], TemplateWords),
            wechat=dict(found.data.get("wechat", {})),
            alipay=dict(found.data.get("alipay", {})),
            problems=[TemplateProblem(field=each.field, why=each.why) for each in found.problems],
        )

    @put(
        "/{template_name:str}/draft",
        opt={"refusals": (TemplateChanged, TemplateInvalid, TemplateUnknown)},
        operation_id="SavePushTemplate",
        summary="Save a version",
    )
    async def save(
        self,
        template_name: TemplateNameInPath,
        data: JSONBody[TemplateDraft],
        principal: NamedDependency[Principal],
        push_templates: NamedDependency[TemplateDesk],
    ) -> TemplateInfo:
        """Keep a version that waits; nothing goes out by it yet."""
        await push_templates.save(template_name, _content(data), by=principal.subject)
        return _info(*await push_templates.read(template_name))

    @post(
        "/{template_name:str}/activate",
        opt={"refusals": (TemplateChanged, TemplateInvalid, TemplateUnknown, TemplateVersionUnknown)},
        operation_id="ActivatePushTemplate",
        summary="Put a version in force",
        status_code=200,
    )
    async def activate(
        self,
        template_name: TemplateNameInPath,
        data: JSONBody[ActivateTemplate],
        principal: NamedDependency[Principal],
        push_templates: NamedDependency[TemplateDesk],
    ) -> TemplateInfo:
        """What waits, what was before, or the shipped text; in force in every process within seconds."""
        await push_templates.activate(template_name, data.version, by=principal.subject)
        return _info(*await push_templates.read(template_name))


def _content(draft: TemplateDraft) -> TemplateContent:
    return TemplateContent(
        zh=_words(draft.zh),
        en=_words(draft.en),
        wechat=_binding(draft.wechat),
        alipay=_binding(draft.alipay),
    )


def _words(said: TemplateWords) -> Words:
    return msgspec.convert(said, Words, from_attributes=True)


def _binding(said: TemplateBinding | None) -> Binding | None:
    return None if said is None else msgspec.convert(said, Binding, from_attributes=True)


def _draft(content: TemplateContent) -> TemplateDraft:
    return msgspec.convert(content, TemplateDraft, from_attributes=True)


def _version(version: Version | None) -> TemplateVersion | None:
    if version is None:
        return None
    return TemplateVersion(number=version.number, saved_at=version.at, draft=_draft(version.content))


def _info(kept: KeptTemplate, shipped: TemplateContent) -> TemplateInfo:
    return TemplateInfo(
        name=kept.id,
        shipped=_draft(shipped),
        current=_version(kept.current),
        previous=_version(kept.previous),
        saved=_version(kept.saved),
    )
