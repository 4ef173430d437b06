"""The pages: look, guards, one module for each screen. Everything that knows HTML is here."""

from __future__ import annotations

from gateway.web.desk import Desk, WebSettings
from gateway.web.factory import REFUSAL, create_web
from gateway.web.front_desk import FrontDesk, front_desk
from gateway.web.hosts import WrongHost

__all__ = ["REFUSAL", "Desk", "FrontDesk", "WebSettings", "WrongHost", "create_web", "front_desk"]
