namespace Calltap.Trace;

/// <summary>What makes a flame graph answer to the mouse, without anything from elsewhere.</summary>
static class FlameGraphScript
{
    /// <summary>The style sheet.</summary>
    public const string Style = "text{font:12px monospace;fill:#111}.back{fill:#fffdf5}g{cursor:pointer}g:hover rect{stroke:#111;stroke-width:0.7}g.past{opacity:0.5}#title{font-weight:bold}";

    /// <summary>Hovering shows the whole name below; a click zooms to a stack, one on the lowest row back to all.</summary>
    public const string Script =
        """
        (function () {
          const root = document.currentScript.ownerSVGElement, details = root.getElementById('details'), width = root.viewBox.baseVal.width, letter = 7;
          const stacks = Array.from(root.querySelectorAll('g'), g => {
            const rect = g.querySelector('rect'), title = g.querySelector('title').textContent;
            return { g, rect, title, text: g.querySelector('text'), name: title.slice(0, title.lastIndexOf(': ')),
                     x: +rect.getAttribute('x'), y: +rect.getAttribute('y'), w: +rect.getAttribute('width') };
          });
          function zoom(to) {
            const scale = width / to.w;
            for (const s of stacks) {
              const above = s.y <= to.y, caller = !above && s.x <= to.x + 1e-3 && s.x + s.w >= to.x + to.w - 1e-3;
              const within = above && s.x >= to.x - 1e-3 && s.x + s.w <= to.x + to.w + 1e-3;
              s.g.style.display = within || caller ? '' : 'none';
              s.g.classList.toggle('past', caller);
              if (!within && !caller) continue;
              const x = caller ? 0 : (s.x - to.x) * scale, w = caller ? width : s.w * scale, letters = Math.floor((w - 6) / letter);
              s.rect.setAttribute('x', x);
              s.rect.setAttribute('width', w);
              s.text.setAttribute('x', x + 3);
              s.text.textContent = letters < 3 ? '' : s.name.length <= letters ? s.name : s.name.slice(0, letters - 2) + '..';
            }
          }
          for (const s of stacks) {
            s.g.addEventListener('mouseover', () => { details.textContent = s.title; });
            s.g.addEventListener('mouseout', () => { details.textContent = ''; });
            s.g.addEventListener('click', () => zoom(s));
          }
        })();
        """;
}
