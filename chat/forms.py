"""The forms of the calls of the chat: which fields a client may send, of which shape."""

from django import forms

from chat.messages import PUBLIC_ID
from chat.models import Report
from neartalk.models import Reason
from neartalk.text import TextRefused, clean_words
from presence.forms import PersonForm


class WordsField(forms.Field):
    """A text that is cleaned as a message is; "" where the field is missing. Its errors carry an
    error code of ours."""

    def to_python(self, value: object) -> str:
        if value is None:
            return ""
        if type(value) is not str:  # a JSON number is a str of its own kind
            raise forms.ValidationError("not text", code="bad-frame")
        try:
            return clean_words(value)
        except TextRefused as why:
            raise forms.ValidationError("refused", code=why.code) from why


class ReportForm(PersonForm):
    """Who is reported, for which message or where, and why. The evidence is the server's own."""

    message_id = forms.RegexField(rf"^{PUBLIC_ID.pattern}\Z", required=False)
    where = forms.ChoiceField(choices=Report.Where.choices, required=False)
    reason = forms.ChoiceField(choices=Reason.choices)
    words = WordsField(required=False)

    def why(self) -> str:
        """The error code of a form that is not valid."""
        wrong = self.errors.as_data()
        return (wrong["words"][0].code or "bad-frame") if [*wrong] == ["words"] else "bad-frame"
