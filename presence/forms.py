"""The bodies that calls accept."""

from django import forms

from neartalk.text import TextRefused, clean_name
from presence.geo import LATITUDE_MAX, RADIUS_MAX_M, RADIUS_MIN_M, Roughness
from presence.reserved_names import looks_official


class RoughnessField(forms.TypedChoiceField):
    """How finely others can place somebody; None where it is not said."""

    def __init__(self) -> None:
        choices = [(one.value, one.value) for one in Roughness]
        super().__init__(choices=choices, coerce=Roughness, empty_value=None, required=False)


class LocationForm(forms.Form):
    """A position in degrees, a reach in whole metres and how roughly to place them."""

    lat = forms.FloatField(min_value=-90, max_value=90)
    lon = forms.FloatField(min_value=-180, max_value=180)
    radius = forms.RegexField(r"\A\d{1,4}\Z")
    roughness = RoughnessField()

    def clean_lat(self) -> float:
        lat = float(self.cleaned_data["lat"])
        if abs(lat) > LATITUDE_MAX:
            raise forms.ValidationError("too near to a pole", code="beyond-85")
        return lat

    def clean_radius(self) -> int:
        radius_m = int(self.cleaned_data["radius"])
        if not RADIUS_MIN_M <= radius_m <= RADIUS_MAX_M:
            raise forms.ValidationError("out of range")
        return radius_m

    def why(self) -> str:
        """The error code of a form that is not valid."""
        if "lon" not in self.errors and self.has_error("lat", "beyond-85"):
            return "beyond-85"
        if {"lat", "lon"} & self.errors.keys():
            return "bad-place"
        return "bad-radius" if "radius" in self.errors else "bad-roughness"


class PersonForm(forms.Form):
    """Somebody else, by the id that others see."""

    person_id = forms.RegexField(r"\A[0-9a-f]{16}\Z")


class NameField(forms.Field):
    """A name others will see. The code of its error says what is wrong."""

    def to_python(self, value: object) -> str:
        if value is None and not self.required:
            return ""
        if type(value) is not str:  # a JSON number is a str of its own kind
            raise forms.ValidationError("not text", code="bad-frame")
        if not value and not self.required:
            return ""
        try:
            name = clean_name(value)
        except TextRefused as why:
            raise forms.ValidationError("refused", code=why.code) from why
        if looks_official(name):
            raise forms.ValidationError("refused", code="name-reserved")
        return name


class NameForm(forms.Form):
    username = NameField()

    def why(self) -> str:
        return self.errors.as_data()["username"][0].code or "bad-frame"


class SolutionField(forms.Field):
    """A solution of a challenge, in the one piece that ALTCHA makes of it."""

    def to_python(self, value: object) -> str:
        if value is None or value == "":
            return ""
        if type(value) is not str:  # a JSON number is a str of its own kind
            raise forms.ValidationError("not text", code="work-wrong")
        return value


class NewcomerForm(NameForm):
    """Who begins a session: a name, how roughly to place them, and a solution where one is asked
    for."""

    username = NameField(required=False)
    altcha = SolutionField(required=False)
    roughness = RoughnessField()

    def why(self) -> str:
        if "username" in self.errors:
            return super().why()
        return "work-wrong" if "altcha" in self.errors else "bad-roughness"
